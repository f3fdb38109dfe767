// nms.c: NonMaxSuppression.
// May assume: inference checked shapes. Boxes are taken by falling score, equal scores by rising index.
// Never divides by an empty box: it overlaps with nothing. Source: ONNX NonMaxSuppression (10, 11).
#include "base/arena.h"
#include "base/mathx.h"
#include "ops/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN_BOXES, IN_SCORES, IN_MOST, IN_OVERLAP, IN_SCORE };

typedef struct params {
    int64_t center_point_box;
} params;

static onr_status infer(onr_infer *c) {
    onr_shape b = onr_infer_shape(c, IN_BOXES), s = onr_infer_shape(c, IN_SCORES);
    if (b.rank >= 0 && (b.rank != 3 || (onr_dim_known(b.dim[2]) && b.dim[2] != 4)))
        return onr_infer_bad(c, "boxes must be batches of boxes of four numbers");
    if (s.rank >= 0 && s.rank != 3) return onr_infer_bad(c, "scores has rank %d, not 3", s.rank);
    if (b.rank == 3 && s.rank == 3)
        for (int d = 0; d < 2; d++) {
            int64_t u = b.dim[d], v = s.dim[2 * d];
            if (onr_dim_known(u) && onr_dim_known(v) && u != v)
                return onr_infer_bad(c, "boxes has %lld of what scores has %lld", (long long)u, (long long)v);
        }
    static const onr_dtype types[] = {ONR_FLOAT, ONR_FLOAT, ONR_INT64, ONR_FLOAT, ONR_FLOAT};
    for (int32_t i = 0; i < c->n_in; i++) {
        onr_dtype t = onr_infer_dtype(c, i);
        if (t != ONR_UNDEFINED && t != types[i]) return onr_infer_bad(c, "input %d is %s", i, onr_dtype_name(t));
        onr_shape n = onr_infer_shape(c, i);
        if (i >= IN_MOST && onr_shape_known(&n) && onr_shape_span(&n, 0, n.rank) != 1)
            return onr_infer_bad(c, "input %d must be one number", i);
    }
    onr_infer_set(c, 0, ONR_INT64, onr_shape_make(2, (int64_t[]){onr_infer_fresh(c), 3}));
    return ONR_OK;
}

/// Corners in order, and the area.
typedef struct box {
    float y0, x0, y1, x1, area;
} box;

static box read_box(const float *b, bool center) {
    box k;
    if (center) {
        k = (box){b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2, 0};
    } else {
        k = (box){fminf(b[0], b[2]), fminf(b[1], b[3]), fmaxf(b[0], b[2]), fmaxf(b[1], b[3]), 0};
    }
    k.area = (k.y1 - k.y0) * (k.x1 - k.x0);
    return k;
}

static bool overlap(const box *a, const box *b, float most) {
    float h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0), w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    if (!(h > 0 && w > 0) || !(a->area > 0) || !(b->area > 0)) return false;
    float both = h * w;
    return both / (a->area + b->area - both) > most;
}

typedef struct candidate {
    float score;
    int64_t index;
} candidate;

static int by_score(const void *a, const void *b) {
    const candidate *u = a, *v = b;
    if (u->score != v->score) return u->score > v->score ? -1 : 1;
    return (u->index > v->index) - (u->index < v->index);
}

typedef struct job {
    int64_t n_boxes, most;
    float overlap, score;
    bool has_score, center;
    candidate *candidates; // n_boxes
    box *chosen;           // the boxes chosen in this class
    int64_t *picked;       // triples
    size_t n_picked, cap;
    onr_err *err;
} job;

static onr_status pick(job *j, int64_t batch, int64_t class, int64_t index) {
    if (j->n_picked == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 64, bytes;
        int64_t *grown = onr_mul_size(cap, 3 * sizeof *grown, &bytes) ? onr_realloc(j->picked, bytes) : NULL;
        if (!grown) return onr_no_memory(j->err, cap * 3 * sizeof *grown);
        j->picked = grown;
        j->cap = cap;
    }
    int64_t *to = j->picked + 3 * j->n_picked++;
    to[0] = batch, to[1] = class, to[2] = index;
    return ONR_OK;
}

/// One class of one image.
static onr_status suppress(job *j, int64_t batch, int64_t class, const float *boxes, const float *scores) {
    int64_t n = 0, n_chosen = 0;
    for (int64_t i = 0; i < j->n_boxes; i++)
        if (j->has_score ? scores[i] > j->score : scores[i] == scores[i]) j->candidates[n++] = (candidate){scores[i], i};
    if (n) qsort(j->candidates, (size_t)n, sizeof *j->candidates, by_score);
    for (int64_t i = 0; i < n && n_chosen < j->most; i++) {
        box b = read_box(boxes + 4 * j->candidates[i].index, j->center);
        bool keep = true;
        for (int64_t k = 0; keep && k < n_chosen; k++) keep = !overlap(&b, &j->chosen[k], j->overlap);
        if (!keep) continue;
        j->chosen[n_chosen++] = b;
        ONR_TRY(pick(j, batch, class, j->candidates[i].index));
    }
    return ONR_OK;
}

static float one_float(const onr_run *r, int32_t i, float dflt) {
    return onr_run_has(r, i) ? *(const float *)onr_run_in(r, i)->data : dflt;
}

static onr_status run(const onr_run *r) {
    const onr_tensor *boxes = onr_run_in(r, IN_BOXES), *scores = onr_run_in(r, IN_SCORES);
    const int64_t batches = scores->shape.dim[0], classes = scores->shape.dim[1], n = scores->shape.dim[2];
    job j = {.n_boxes = n,
             .most = onr_run_has(r, IN_MOST) ? onr_tensor_int(onr_run_in(r, IN_MOST), 0) : 0,
             .overlap = one_float(r, IN_OVERLAP, 0),
             .score = one_float(r, IN_SCORE, 0),
             .has_score = onr_run_has(r, IN_SCORE),
             .center = ((const params *)r->params)->center_point_box != 0,
             .err = r->err};
    j.candidates = onr_malloc((size_t)n * (sizeof *j.candidates + sizeof *j.chosen) + 1);
    if (!j.candidates) return onr_no_memory(r->err, (size_t)n * sizeof *j.candidates);
    j.chosen = (box *)(void *)(j.candidates + n);
    onr_status s = ONR_OK;
    for (int64_t b = 0; b < batches && s == ONR_OK; b++)
        for (int64_t c = 0; c < classes && s == ONR_OK; c++)
            s = suppress(&j, b, c, (const float *)boxes->data + b * n * 4, (const float *)scores->data + (b * classes + c) * n);
    onr_shape shape = onr_shape_make(2, (int64_t[]){(int64_t)j.n_picked, 3});
    if (s == ONR_OK) s = onr_run_output(r, 0, ONR_INT64, &shape);
    if (s == ONR_OK && onr_run_wants(r, 0) && j.n_picked)
        memcpy(onr_run_out(r, 0)->data, j.picked, j.n_picked * 3 * sizeof *j.picked);
    onr_free(j.candidates);
    onr_free(j.picked);
    return s;
}

static const onr_attr_spec attrs[] = {ONR_A_INT(params, center_point_box, 0), ONR_ATTR_ARRAY_END};
#define NMS(from, to)                                                                                                      \
    {                                                                                                                      \
        ONR_AI("NonMaxSuppression", from, to), ONR_ARITY(2, 5, 1, 1),                                                      \
            .flags = ONR_OP_PURE | ONR_OP_DYNAMIC, .types = ONR_BIT(ONR_FLOAT), ONR_PARAMS(attrs, params), .infer = infer, \
            .run = run                                                                                                     \
    }
static const onr_op rows[] = {NMS(10, 10), NMS(11, 0)};
ONR_OP_FAMILY(nms);
