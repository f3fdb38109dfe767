// points_f2s2_body.h: the one-dimensional transforms of F(r, 3) with stride 2, for r = 1, 2.
// May assume: vf and its operations are defined (see prepacked_body.h). Never touches memory. See points_f4_body.h.
//
// Of stride 2, tap 1 sees odd inputs only, where nothing is shared: one product an output. Taps 0 and 2 see the even ones with
// stride 1: F(r, 2) on the points 0, oo and 1, which is exact but for single additions. Five products instead of six, 25
// instead of 36 for 2x2 outputs. Their order (taps 0, 2 and 1, their sum, tap 1 again) makes F(1, 3) the first three.
#ifndef ONR_KERNELS_POINTS_F2S2_H
#define ONR_KERNELS_POINTS_F2S2_H

#define WINO_M 2
#define WINO_STRIDE 2
#define TILE_SIZES(X) X(1, 1) X(1, 2) X(2, 1) X(2, 2)

static const double weight_row[5][3] = {{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 1}, {0, 1, 0}};

static const float input_scale[5] = {1, 1, 1, 1, 1};

// d: 2 r + 1 inputs; o: what each product multiplies.
VF_INLINE void in_1d(int r, const vf *d, vf *o) {
    if (r == 2) {
        o[0] = vf_sub(d[0], d[2]);
        o[1] = vf_sub(d[4], d[2]);
        o[2] = d[1];
        o[3] = d[2];
        o[4] = d[3];
    } else {
        o[0] = d[0];
        o[1] = d[2];
        o[2] = d[1];
    }
}

// p: 2 r + 1 products; y: r outputs.
VF_INLINE void out_1d(int r, const vf *p, vf *y) {
    if (r == 2) {
        y[0] = vf_add(vf_add(p[0], p[3]), p[2]);
        y[1] = vf_add(vf_add(p[1], p[3]), p[4]);
    } else {
        y[0] = vf_add(vf_add(p[0], p[1]), p[2]);
    }
}

#endif
