// points_f4_body.h: the one-dimensional transforms of F(r, 3) for r = 1..4 on the points 0, oo, +A, -A, +B, -B.
// May assume: vf and its operations are defined (see prepacked_body.h). Never touches memory.
//
// F(r, 3) uses the first r + 2 points of the list. Toom-Cook's divisors N (point minus each other point, multiplied) differ
// from r to r; the weights carry 1/N of r = 4 and the input's transform carries what remains, so the weights serve every r.
// A = 3/4 and B = 3/2 were chosen by measurement: of all pairs tried they are among the three of least error (rms 2.2e-7 of the
// largest output for 64 channels of normal noise; 1 and 2, the textbook's, have 4.6e-7), and A^2, B^2, their sum and product
// are exact in fp32.
#ifndef ONR_KERNELS_POINTS_F4_H
#define ONR_KERNELS_POINTS_F4_H

#define WINO_M 4
#define WINO_STRIDE 1
#define TILE_SIZES(X) \
    X(1, 1)           \
    X(1, 2) X(1, 3) X(1, 4) X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(4, 1) X(4, 2) X(4, 3) X(4, 4)
#define PA 0.75f
#define PB 1.5f
#define PA2 (PA * PA)
#define PB2 (PB * PB)

// Row i of the weights' transform is divisor * (1, x, x^2) for the point x.
#define NA (1.0 / (2 * 0.5625 * (0.5625 - 2.25)))
#define NB (1.0 / (2 * 2.25 * (2.25 - 0.5625)))
static const double weight_row[6][3] = {{1.0 / (0.5625 * 2.25), 0, 0}, {0, 0, 1},
                                        {NA, NA * 0.75, NA * 0.5625},  {NA, NA * -0.75, NA * 0.5625},
                                        {NB, NB * 1.5, NB * 2.25},     {NB, NB * -1.5, NB * 2.25}};

// Kernels that keep the plain taps scale tap k by A^k and use t0 at 0, t2 at oo, t0 + t2 +- t1 at A, t0 + 4 t2 +- 2 t1 at B;
// then the input carries the divisors, and at oo makes up for A^2.
static const float input_scale[6] = {
    (float)(1 / (0.5625 * 2.25)), (float)(1 / 0.5625), (float)NA, (float)NA, (float)NB, (float)NB};

// d: r + 2 inputs; o: the input's polynomial at the first r + 2 points.
VF_INLINE void in_1d(int r, const vf *d, vf *o) {
    const vf a = vf_set1(PA), b = vf_set1(PB), a2 = vf_set1(PA2), b2 = vf_set1(PB2);
    if (r == 4) {
        const vf sum = vf_set1(PA2 + PB2), product = vf_set1(PA2 * PB2);
        o[0] = vf_fma(product, d[0], vf_fnma(sum, d[2], d[4]));
        o[1] = vf_fma(product, d[1], vf_fnma(sum, d[3], d[5]));
        const vf even_a = vf_fnma(b2, d[2], d[4]), odd_a = vf_fnma(b2, d[1], d[3]);
        const vf even_b = vf_fnma(a2, d[2], d[4]), odd_b = vf_fnma(a2, d[1], d[3]);
        o[2] = vf_fma(a, odd_a, even_a);
        o[3] = vf_fnma(a, odd_a, even_a);
        o[4] = vf_fma(b, odd_b, even_b);
        o[5] = vf_fnma(b, odd_b, even_b);
    } else if (r == 3) {
        const vf q0 = vf_fnma(a2, d[0], d[2]), q1 = vf_fnma(a2, d[1], d[3]), q2 = vf_fnma(a2, d[2], d[4]);
        o[0] = vf_mul(b, vf_fnma(b, q0, q1));
        o[1] = vf_fnma(b, q1, q2);
        const vf low = vf_fnma(b, d[1], d[2]), high = vf_fnma(b, d[2], d[3]);
        o[2] = vf_mul(vf_set1(PB + PA), vf_fma(a, low, high));
        o[3] = vf_mul(vf_set1(PB - PA), vf_fnma(a, low, high));
        o[4] = vf_mul(vf_set1(2 * PB), q1);
    } else if (r == 2) {
        const vf scale = vf_set1(PA2 - PB2);
        o[0] = vf_mul(vf_set1(-PB2), vf_fnma(a2, d[0], d[2]));
        o[1] = vf_fnma(a2, d[1], d[3]);
        o[2] = vf_mul(scale, vf_fma(a, d[1], d[2]));
        o[3] = vf_mul(scale, vf_fnma(a, d[1], d[2]));
    } else {
        o[0] = vf_mul(vf_set1(-PA * PB2), vf_fnma(a, d[0], d[1]));
        o[1] = vf_fnma(a, d[1], d[2]);
        o[2] = vf_mul(vf_set1(2 * PA * (PA2 - PB2)), d[1]);
    }
}

// p: r + 2 products; y: r outputs.
VF_INLINE void out_1d(int r, const vf *p, vf *y) {
    const vf a = vf_set1(PA), b = vf_set1(PB), a2 = vf_set1(PA2), b2 = vf_set1(PB2);
    if (r == 1) {
        y[0] = vf_add(vf_add(p[0], p[1]), p[2]);
        return;
    }
    const vf sum_a = vf_add(p[2], p[3]), dif_a = vf_sub(p[2], p[3]);
    if (r == 2) {
        y[0] = vf_add(p[0], sum_a);
        y[1] = vf_fma(a, dif_a, p[1]);
    } else if (r == 3) {
        y[0] = vf_add(vf_add(p[0], sum_a), p[4]);
        y[1] = vf_fma(b, p[4], vf_mul(a, dif_a));
        y[2] = vf_add(vf_fma(b2, p[4], vf_mul(a2, sum_a)), p[1]);
    } else {
        const vf sum_b = vf_add(p[4], p[5]), dif_b = vf_sub(p[4], p[5]);
        y[0] = vf_add(vf_add(p[0], sum_a), sum_b);
        y[1] = vf_fma(b, dif_b, vf_mul(a, dif_a));
        y[2] = vf_fma(b2, sum_b, vf_mul(a2, sum_a));
        y[3] = vf_fma(vf_set1(PB * PB2), dif_b, vf_fma(vf_set1(PA * PA2), dif_a, p[1]));
    }
}

#endif
