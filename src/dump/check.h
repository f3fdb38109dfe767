// check.h: everything that is wrong or odd in a graph, all at once, as findings.
#ifndef ONR_DUMP_CHECK_H
#define ONR_DUMP_CHECK_H

#include "base/finding.h"
#include "dump/dump.h"

/// Adds to `list` (which may hold what a lenient load found: nodes that have an error already get no second one) what is wrong
/// with versions, names, operators, types and weights. Works on a clone, so g is not touched; g may lack what an error names.
/// ONR_LIMIT when there is no memory.
onr_status onr_check_graph(const onr_dump_model *m, const onr_graph *g, onr_findings *list, onr_err *err);
/// The findings for people, and one line that counts them.
void onr_check_text(const onr_findings *list, onr_str *out);
/// JSON with "version": 1, as docs/cli.md describes it.
void onr_check_json(const onr_dump_model *m, const onr_findings *list, onr_str *out);

// ---- parts, used by onr_check_graph -----------------------------------------------------------------------------------------

/// Weights that are NaN, infinite, denormal, too large for float16, or that nobody uses; subgraphs included.
void onr_check_weights(const onr_graph *g, onr_findings *list);
/// Nodes that hold on to one batch size although the inputs' first dimension is free (a warning) or could be made so (a note).
/// Types are inferred for two batch sizes and compared. `g` is resolved where it can be; types live in `arena`.
void onr_check_batch(const onr_graph *g, onr_arena *arena, onr_findings *list);
/// Adds a finding whose text is printed from fmt.
void onr_check_add(onr_findings *list, onr_finding f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/// A failure of node n without the "node 'x' (#n): " that a finding says by itself.
const char *onr_check_reason(const onr_node *n, const onr_err *err);

#endif
