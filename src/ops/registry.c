// registry.c: all operator rows, collected by the build from the family files, and the search among them.
// May assume: rows of one operator do not overlap (a unit test checks). Never changes at run time.
#include "ops/op.h"

#include <string.h>

#define X(family) extern const onr_family onr_family_##family;
#include "op_families.inc"
#undef X

static const onr_family *const families[] = {
#define X(family) &onr_family_##family,
#include "op_families.inc"
#undef X
};

static const size_t n_families = sizeof families / sizeof families[0];

const onr_op *onr_op_at(size_t i) {
    for (size_t f = 0; f < n_families; f++) {
        if (i < families[f]->n) return &families[f]->rows[i];
        i -= families[f]->n;
    }
    return NULL;
}

const onr_op *onr_op_find(const char *domain, const char *name, int32_t opset, const onr_op **newest) {
    if (newest) *newest = NULL;
    if (strcmp(domain, "ai.onnx") == 0) domain = "";
    for (size_t f = 0; f < n_families; f++)
        for (size_t i = 0; i < families[f]->n; i++) {
            const onr_op *op = &families[f]->rows[i];
            if (strcmp(op->name, name) != 0 || strcmp(op->domain, domain) != 0) continue;
            if (opset >= op->since && (op->until == 0 || opset <= op->until)) return op;
            if (newest && (!*newest || op->since > (*newest)->since)) *newest = op;
        }
    return NULL;
}

int32_t onr_op_known_opset(const char *domain) {
    static const struct {
        const char *domain;
        int32_t opset;
    } known[] = {{"", 27},      {"ai.onnx", 27}, {"ai.onnx.ml", 5}, {"ai.onnx.preview.training", 1}, {"ai.onnx.preview", 1},
                 {"onnxrun", 1}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].domain, domain) == 0) return known[i].opset;
    return 0;
}
