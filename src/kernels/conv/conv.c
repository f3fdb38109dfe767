// conv.c: the table of convolution variants and the choice among them.
// May assume: a valid shape. Never looks at a clock or at the number of threads: the choice follows from shape and CPU alone.
#include "kernels/conv/conv.h"

#define ONR_CONV_VARIANT(symbol) extern const onr_conv_variant symbol;
#include "kernels/conv/variants.inc"
#undef ONR_CONV_VARIANT

static const onr_conv_variant *const variants[] = {
#define ONR_CONV_VARIANT(symbol) &symbol,
#include "kernels/conv/variants.inc"
#undef ONR_CONV_VARIANT
};

static const size_t n_variants = sizeof variants / sizeof variants[0];

const onr_conv_variant *onr_conv_variant_at(size_t i) { return i < n_variants ? variants[i] : NULL; }

int32_t onr_conv_block(uint32_t features) { return features & ONR_CPU_AVX512 ? 16 : 8; }

// What a megabyte of weights beyond the plain ones has to save in each run, in microseconds, where a layer's are large. It
// takes some 300 to load (cleared by the kernel, computed, written), which ten runs shall about pay back, and memory as long as
// the session lives.
static const double EXPANSION_PRICE = 35, LARGE_MB = 8;

static double price(const onr_conv_variant *v, const onr_conv_shape *s) {
    const double plain = 4e-6 * (double)s->c_out * (double)(s->c_in / s->groups) * s->kh * s->kw;
    const double packed = 1e-6 * (double)v->packed_bytes(s);
    return v->expands && packed > LARGE_MB ? EXPANSION_PRICE * (packed - plain) : 0;
}

const onr_conv_variant *onr_conv_choose(const onr_conv_shape *s, const onr_cpu *cpu, const onr_conv_choice *how) {
    const onr_conv_variant *best = NULL;
    double best_cost = 0;
    for (size_t i = 0; i < n_variants; i++) {
        const onr_conv_variant *v = variants[i];
        if ((v->needs & how->features) != v->needs) continue;
        if (!v->exact && !how->allow_winograd) continue;
        if (v->expands && how->prefer_memory) continue;
        if (s->pool.kh && !v->pools) continue;
        if (!v->supports(s)) continue;
        const double cost = v->cost(s, cpu) + price(v, s);
        if (best == NULL || cost < best_cost) {
            best = v;
            best_cost = cost;
        }
    }
    return best;
}
