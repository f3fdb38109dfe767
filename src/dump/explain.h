// explain.h: what the passes did to a graph, and what they nearly did.
#ifndef ONR_DUMP_EXPLAIN_H
#define ONR_DUMP_EXPLAIN_H

#include "base/str.h"

/// One pass of the pipeline, in order.
typedef struct onr_explain_pass {
    const char *name, *why;
    int64_t rewrites; ///< -1: it did not run
} onr_explain_pass;

typedef struct onr_explain_event {
    const char *pass;
    int64_t number; ///< N of --stop-after PASS:N; 0: a near miss, or, without a node, a word on the pass
    const char *node, *op;
    const char *text;
} onr_explain_event;

typedef struct onr_explain_source {
    const char *model; ///< its path
    const onr_explain_pass *passes;
    size_t n_passes;
    const onr_explain_event *events; ///< in the order of the passes
    size_t n_events;
} onr_explain_source;

/// Text, 80 columns wide where names allow: a paragraph for each pass with something to tell.
void onr_explain_text(const onr_explain_source *s, onr_str *out);
/// JSON with "version": 1; described in docs/cli.md.
void onr_explain_json(const onr_explain_source *s, onr_str *out);

#endif
