// points_f2_body.h: the one-dimensional transforms of F(r, 3) for r = 1, 2 on the points 0, oo, +1, -1.
// May assume: vf and its operations are defined (see prepacked_body.h). Never touches memory. See points_f4_body.h.
#ifndef ONR_KERNELS_POINTS_F2_H
#define ONR_KERNELS_POINTS_F2_H

#define WINO_M 2
#define WINO_STRIDE 1
#define TILE_SIZES(X) X(1, 1) X(1, 2) X(2, 1) X(2, 2)

static const double weight_row[4][3] = {{-1, 0, 0}, {0, 0, 1}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}};

static const float input_scale[4] = {1, 1, 1, 1};

// d: r + 2 inputs; o: the input's polynomial at the first r + 2 points.
VF_INLINE void in_1d(int r, const vf *d, vf *o) {
    if (r == 2) {
        o[0] = vf_sub(d[2], d[0]);
        o[1] = vf_sub(d[3], d[1]);
        o[2] = vf_add(d[2], d[1]);
        o[3] = vf_sub(d[2], d[1]);
    } else {
        o[0] = vf_sub(d[1], d[0]);
        o[1] = vf_sub(d[2], d[1]);
        o[2] = vf_add(d[1], d[1]);
    }
}

// p: r + 2 products; y: r outputs.
VF_INLINE void out_1d(int r, const vf *p, vf *y) {
    if (r == 2) {
        y[0] = vf_add(p[0], vf_add(p[2], p[3]));
        y[1] = vf_add(p[1], vf_sub(p[2], p[3]));
    } else {
        y[0] = vf_add(vf_add(p[0], p[1]), p[2]);
    }
}

#endif
