// memory.h: the memory of a plan: text, JSON, and a picture of the arena over time.
#ifndef ONR_DUMP_MEMORY_H
#define ONR_DUMP_MEMORY_H

#include "dump/dump.h"

/// One place in the arena: an activation (with all that share its memory) or a step's scratch.
typedef struct onr_piece {
    int32_t first, last; ///< steps, both included
    size_t bytes, offset;
    const char *name; ///< of the first value in it, or of the node whose scratch it is
    int32_t n_values; ///< that share it
    bool is_scratch, is_output;
} onr_piece;

/// The plan's pieces, one per interval; freed with onr_free. NULL: no memory.
onr_piece *onr_memory_pieces(const onr_plan *p);
/// The peak, who is alive there, what shares memory, weights. `s` is of stage memory, with a plan.
void onr_memory_text(const onr_dump_source *s, onr_str *out);
/// JSON with "version": 1, as docs/cli.md describes it.
void onr_memory_json(const onr_dump_source *s, onr_str *out);
/// SVG: offset against step, the peak marked, the sum alive as a line.
void onr_memory_svg(const onr_dump_source *s, onr_str *out);

#endif
