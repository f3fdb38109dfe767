// ref_conv.c: convolution in double precision, tap by tap over whole rows.
// May assume: what ref_conv.h says. Never blocks, packs or vectorizes by hand: it must be plain enough to be believed.
#include "ref_conv.h"

#include <math.h>

// Adds one tap of one input channel to one output map.
static void add_tap(const onr_conv_shape *s, const float *x, float w, int64_t ky, int64_t kx, double *y, double *squares) {
    for (int64_t oy = 0; oy < s->oh; oy++) {
        int64_t iy = oy * s->stride_h - s->pad_top + ky * s->dil_h;
        if (iy < 0 || iy >= s->h) continue;
        for (int64_t ox = 0; ox < s->ow; ox++) {
            int64_t ix = ox * s->stride_w - s->pad_left + kx * s->dil_w;
            if (ix < 0 || ix >= s->w) continue;
            double product = (double)x[iy * s->w + ix] * w;
            y[oy * s->ow + ox] += product;
            squares[oy * s->ow + ox] += product * product;
        }
    }
}

// One output map of one image.
static void add_channel(const onr_conv_shape *s, const float *x, const float *w, int64_t n, int64_t oc, double *y,
                        double *squares) {
    int64_t cig = s->c_in / s->groups, cog = s->c_out / s->groups;
    for (int64_t ic = 0; ic < cig; ic++) {
        const float *plane = x + (n * s->c_in + oc / cog * cig + ic) * s->h * s->w;
        for (int64_t ky = 0; ky < s->kh; ky++) {
            for (int64_t kx = 0; kx < s->kw; kx++)
                add_tap(s, plane, w[((oc * cig + ic) * s->kh + ky) * s->kw + kx], ky, kx, y, squares);
        }
    }
}

void ref_conv(const onr_conv_shape *s, const float *x, const float *w, int64_t step, double *y, double *squares) {
    int64_t map = s->oh * s->ow;
    for (int64_t n = 0; n < s->n; n++) {
        for (int64_t oc = 0; oc < s->c_out; oc++) {
            int64_t at = (n * s->c_out + oc) * map;
            bool wanted = oc % step == 0 || oc == s->c_out - 1;
            for (int64_t i = 0; i < map; i++) y[at + i] = squares[at + i] = wanted ? 0 : (double)NAN;
            if (wanted) add_channel(s, x, w, n, oc, y + at, squares + at);
        }
    }
}
