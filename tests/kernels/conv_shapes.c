// conv_shapes.c: reads the shape files, see conv_shapes.h.
// May assume: ONR_SOURCE_DIR. Never guesses: output sizes are computed, everything else is in the line.
#include "conv_shapes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t out_size(int64_t size, int32_t k, int32_t stride, int32_t dil, int32_t pads) {
    int64_t span = size + pads - ((int64_t)(k - 1) * dil + 1);
    return span < 0 ? 0 : span / stride + 1;
}

static void parse(const char *line, const char *where, conv_case *c) {
    onr_conv_shape *s = &c->shape;
    *c = (conv_case){0};
    int n = sscanf(line,
                   "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd64 "%" SCNd32 "%" SCNd32 "%" SCNd32 "%" SCNd32 "%" SCNd32
                   "%" SCNd32 "%" SCNd32 "%" SCNd32 "%" SCNd32 "%" SCNd32 "%" SCNd64 " %63[^\n]",
                   &s->n, &s->c_in, &s->h, &s->w, &s->c_out, &s->kh, &s->kw, &s->stride_h, &s->stride_w, &s->dil_h, &s->dil_w,
                   &s->pad_top, &s->pad_left, &s->pad_bottom, &s->pad_right, &s->groups, c->name);
    s->oh = out_size(s->h, s->kh, s->stride_h, s->dil_h, s->pad_top + s->pad_bottom);
    s->ow = out_size(s->w, s->kw, s->stride_w, s->dil_w, s->pad_left + s->pad_right);
    if (n != 17 || s->oh < 1 || s->ow < 1 || s->c_in % s->groups || s->c_out % s->groups) {
        fprintf(stderr, "%s: bad line: %s\n", where, line);
        exit(2);
    }
}

int conv_shapes_read(const char *file, conv_case **cases) {
    char path[512], line[256];
    snprintf(path, sizeof path, "%s/tests/kernels/shapes/%s", ONR_SOURCE_DIR, file);
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "cannot open %s\n", path);
        exit(2);
    }
    int n = 0;
    *cases = NULL;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' || line[0] == '\n') continue;
        *cases = realloc(*cases, (size_t)(n + 1) * sizeof **cases);
        if (!*cases) exit(2);
        parse(line, path, &(*cases)[n++]);
    }
    fclose(f);
    return n;
}
