// plan.h: the plan: which kernels run on which memory in which order, for one signature of input types.
// May assume: an optimized, resolved graph. A plan is a pure function of (graph, input types, target); it is read-only once
// made.
#ifndef ONR_PLAN_PLAN_H
#define ONR_PLAN_PLAN_H

#include "ops/eval.h"
#include "plan/arena_plan.h"

/// Where a value's content is while the plan runs.
typedef enum onr_place {
    ONR_PLACE_NONE = 0, ///< not needed by any step
    ONR_PLACE_CONSTANT, ///< the graph's, or computed while planning (shape data)
    ONR_PLACE_INPUT,    ///< the caller's memory, or a view of it
    ONR_PLACE_ARENA,    ///< at an offset
    ONR_PLACE_LANE,     ///< of one image, at an offset in the memory of each lane (see onr_plan)
    ONR_PLACE_DYNAMIC   ///< made while running; shape not known before
} onr_place;

typedef struct onr_slot {
    onr_type type;
    onr_place place;
    int32_t root;              ///< value whose memory this one shares (itself, mostly)
    int32_t first, last;       ///< steps from definition to last use (of this value alone)
    int32_t interval;          ///< index of the root's memory in plan->intervals (place LANE: plan->lane.intervals), or -1
    size_t image_bytes;        ///< not 0: of one image of a batch that image steps see image by image
    const onr_datum *constant; ///< place CONSTANT
} onr_slot;

typedef struct onr_step {
    onr_prepared op;
    bool dynamic;           ///< evaluated while running (its shapes depend on contents)
    int64_t images;         ///< not 0: prepared for one image of a batch of this size, and run for each
    int32_t scratch;        ///< interval of its scratch (of an image step in lanes: of plan->lane), or -1
    int32_t inplace;        ///< input whose memory output 0 took over, or -1
    const int32_t *release; ///< dynamic values whose last use is here
    int32_t n_release;
} onr_step;

/// Pieces of memory and where they lie.
typedef struct onr_pieces {
    onr_interval *intervals;
    size_t *offsets;
    size_t n;
} onr_pieces;

/// Steps [0, n_image_steps) are image steps. In lanes, each of n_lanes takes an image, walks it through all of them in memory
/// of its own, and takes the next: one lane to a thread, or, where images do not share out evenly, one lane whose steps use all
/// threads. Without lanes (for watchers, who want to see whole batches) each step runs for all images before the next.
typedef struct onr_plan {
    onr_arena *arena; ///< all of the plan
    const onr_graph *graph;
    const onr_type *inputs; ///< the signature: types of the graph's inputs
    bool watched;
    onr_slot *slots; ///< by value id
    onr_step *steps;
    int32_t n_steps;
    onr_interval *intervals; ///< memory pieces: roots and scratch
    size_t *offsets;
    size_t n_intervals;
    int32_t n_image_steps;
    int32_t n_lanes;        ///< 0: no lanes
    onr_pieces lane;        ///< of one lane's memory
    size_t lane_bytes;      ///< from one lane's memory to the next
    int32_t lanes;          ///< the interval that holds all lanes, or -1
    int32_t workers;        ///< the last interval: the threads' own scratch, alive all the time, behind all others; or -1
    size_t worker_step;     ///< bytes from one thread's part to the next
    size_t arena_bytes;     ///< size of the one block
    size_t live_peak_bytes; ///< largest sum alive at one step: the lower bound
    int32_t peak_step;
    size_t constant_bytes; ///< constants that steps read as they are
    bool gathers;          ///< long enough that the threads stay at hand throughout a run (onr_pool_gather)
} onr_plan;

enum { ONR_PLAN_ALIGN = 64 };

/// Plans `g` for these input types (n_inputs of the graph, known; kinds other than tensor make their consumers dynamic).
/// Prepares kernels and packs weights into `packs`. max_bytes (0: none) limits the arena: ONR_LIMIT says what is needed.
/// `watched`: after each step, its outputs are there as a whole (no lanes); results are the same. The caller frees the plan.
onr_status onr_plan_new(const onr_graph *g, const onr_type *inputs, const onr_target *target, onr_packs *packs, onr_pool *pool,
                        size_t max_bytes, bool watched, onr_plan **out, onr_err *err);
void onr_plan_free(onr_plan *p);

#endif
