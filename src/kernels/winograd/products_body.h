// products_body.h: the register tile of the Winograd kernels: TILES tiles by two vectors of outputs.
// May assume: VF_LANES, TILES, PRODUCT_SIZES, vf and its operations are defined. Never reads past the c-th channel.
enum { WIDE = 2 * VF_LANES };

// What to fetch early: two vectors at `at` for the first channel, `step` floats further for each next one.
typedef struct early {
    const float *at;
    int64_t step;
} early;

// m[t][0..1] = (first ? 0 : m[t][0..1]) + sum over c of v[c][t] * u[c][0..1], for T tiles. `v_step` floats lie between blocks
// of channels.
VF_INLINE void products(const int T, const float *v, int64_t v_step, const float *u, int64_t c, bool first, early next,
                        float *m) {
    vf acc0[TILES], acc1[TILES];
    VF_UNROLL
    for (int t = 0; t < T; t++) {
        acc0[t] = first ? vf_zero() : vf_load(m + t * WIDE);
        acc1[t] = first ? vf_zero() : vf_load(m + t * WIDE + VF_LANES);
    }
    do {
        const int64_t n = c < VF_LANES ? c : VF_LANES;
        for (int64_t l = 0; l < n; l++, u += WIDE) {
            const vf u0 = vf_load(u), u1 = vf_load(u + VF_LANES);
            __builtin_prefetch(next.at, 0, 2);
            if (WIDE > 16) __builtin_prefetch(next.at + VF_LANES, 0, 2);
            next.at += next.step;
            VF_UNROLL
            for (int t = 0; t < T; t++) {
                const vf x = vf_set1(v[t * VF_LANES + l]);
                acc0[t] = vf_fma(x, u0, acc0[t]);
                acc1[t] = vf_fma(x, u1, acc1[t]);
            }
        }
        v += v_step;
        c -= VF_LANES;
    } while (c > 0);
    VF_UNROLL
    for (int t = 0; t < T; t++) {
        vf_store(m + t * WIDE, acc0[t]);
        vf_store(m + t * WIDE + VF_LANES, acc1[t]);
    }
}

#define PRODUCTS(T)                                                                                                         \
    static void products_##T(const float *v, int64_t v_step, const float *u, int64_t c, bool first, early next, float *m) { \
        products(T, v, v_step, u, c, first, next, m);                                                                       \
    }
PRODUCT_SIZES(PRODUCTS)
typedef void products_fn(const float *v, int64_t v_step, const float *u, int64_t c, bool first, early next, float *m);
#define PRODUCTS_NAME(T) products_##T,
static products_fn *const products_of[] = {PRODUCT_SIZES(PRODUCTS_NAME)};
