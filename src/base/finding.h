// finding.h: what is wrong or odd in a model, collected instead of failing at the first.
// May assume: one thread at a time adds to a list. Never judges by itself.
#ifndef ONR_BASE_FINDING_H
#define ONR_BASE_FINDING_H

#include "base/arena.h"

typedef enum onr_severity {
    ONR_NOTE = 0, ///< harmless, good to know
    ONR_WARNING,  ///< runs here, but is probably not meant, or fails elsewhere
    ONR_ERROR     ///< cannot run
} onr_severity;

typedef struct onr_finding {
    onr_severity severity;
    onr_status code;     ///< of an error: ONR_INVALID or ONR_UNSUPPORTED
    const char *kind;    ///< a word for programs: "duplicate-name"
    const char *node;    ///< name of the node, or NULL
    int32_t number;      ///< its place in the file (#12)
    const char *value;   ///< name of the value that it is about, or NULL
    const char *text;    ///< what is wrong, on one line
    const char *details; ///< more lines, each ended by \n; or NULL
    const char *hint;    ///< what to do about it, or NULL
} onr_finding;

typedef struct onr_findings {
    onr_arena *arena; ///< of the copies
    onr_finding *of;
    size_t n, cap;
    bool failed; ///< an addition was lost for lack of memory: the owner reports it once at the end
} onr_findings;

void onr_findings_init(onr_findings *list, onr_arena *arena);
/// Adds a copy, strings included.
void onr_findings_add(onr_findings *list, const onr_finding *f);
/// How many of them have this severity.
size_t onr_findings_count(const onr_findings *list, onr_severity severity);
/// The worst first, else in the order in which they were found.
void onr_findings_sort(onr_findings *list);
/// "note", "warning", "error".
const char *onr_severity_name(onr_severity s);

#endif
