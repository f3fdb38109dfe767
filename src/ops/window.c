// window.c: attributes of sliding windows to sizes and pads.
// May assume: nothing of the attributes. Never allocates.
#include "ops/window.h"

#include "base/mathx.h"

#include <string.h>

// Of kernels (with their dilation), strides and pads: kernels add up two or three of them in 32 bits.
enum { MAX_SIZE = 1 << 29 };

static bool text_is(onr_string s, const char *text) { return s.n == strlen(text) && memcmp(s.s, text, s.n) == 0; }

static bool read_list(const onr_ints *list, int32_t n, int64_t least, int64_t absent, int64_t *out) {
    if (list->v && list->n != (size_t)n) return false;
    for (int32_t i = 0; i < n; i++) {
        out[i] = list->v ? list->v[i] : absent;
        if (out[i] < least || out[i] > MAX_SIZE) return false;
    }
    return true;
}

/// Output size of one dimension, or -1 when the kernel is larger than the padded input.
static int64_t out_size(const onr_window *w, int32_t i, bool ceil_mode) {
    int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
    int64_t room = w->in[i] + w->pad_begin[i] + w->pad_end[i] - reach;
    if (room < 0) return -1;
    if (!ceil_mode) return room / w->stride[i] + 1;
    int64_t n = onr_ceil_div(room, w->stride[i]) + 1;
    // A window must not start in the padding behind the input.
    if ((n - 1) * w->stride[i] >= w->in[i] + w->pad_begin[i]) n--;
    return n;
}

/// SAME: output = ceil(input / stride); the odd pixel of padding goes to the end (UPPER) or the beginning (LOWER).
static void pad_same(onr_window *w, int32_t i, bool lower) {
    int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
    w->out[i] = onr_ceil_div(w->in[i], w->stride[i]);
    int64_t total = onr_max_i64(0, (w->out[i] - 1) * w->stride[i] + reach - w->in[i]);
    w->pad_begin[i] = lower ? total - total / 2 : total / 2;
    w->pad_end[i] = total - w->pad_begin[i];
}

static bool read_attrs(const onr_window_attrs *a, int32_t n, const int64_t *kernel, onr_window *w, const char **why) {
    if (!read_list(&a->kernel_shape, n, 1, 0, w->kernel) && a->kernel_shape.v)
        return *why = "kernel_shape does not fit the input's rank", false;
    for (int32_t i = 0; i < n; i++) {
        if (!a->kernel_shape.v && !kernel) return *why = "kernel_shape is missing", false;
        if (kernel && a->kernel_shape.v && onr_dim_known(kernel[i]) && kernel[i] != w->kernel[i])
            return *why = "kernel_shape differs from the weights' shape", false;
        if (!a->kernel_shape.v) w->kernel[i] = kernel[i];
        if (onr_dim_known(w->kernel[i]) && (w->kernel[i] < 1 || w->kernel[i] > MAX_SIZE))
            return *why = "a kernel size is out of range", false;
    }
    if (!read_list(&a->strides, n, 1, 1, w->stride))
        return *why = "strides must be positive, one for each spatial dimension", false;
    if (!read_list(&a->dilations, n, 1, 1, w->dilation))
        return *why = "dilations must be positive, one for each spatial dimension", false;
    for (int32_t i = 0; i < n; i++)
        if (onr_dim_known(w->kernel[i]) && w->dilation[i] * (w->kernel[i] - 1) >= MAX_SIZE)
            return *why = "a dilated kernel is too large", false;
    return true;
}

static bool read_pads(const onr_window_attrs *a, int32_t n, onr_window *w, const char **why) {
    if (a->pads.v && a->pads.n != 2 * (size_t)n) return *why = "pads must hold two numbers for each spatial dimension", false;
    for (int32_t i = 0; i < n; i++) {
        w->pad_begin[i] = a->pads.v ? a->pads.v[i] : 0;
        w->pad_end[i] = a->pads.v ? a->pads.v[n + i] : 0;
        if (w->pad_begin[i] < 0 || w->pad_end[i] < 0 || w->pad_begin[i] > MAX_SIZE || w->pad_end[i] > MAX_SIZE)
            return *why = "pads must not be negative or huge", false;
    }
    return true;
}

bool onr_window_resolve(const onr_window_attrs *a, int32_t n, const int64_t *in, const int64_t *kernel, onr_symbols *symbols,
                        onr_window *w, const char **why) {
    memset(w, 0, sizeof *w);
    w->n = n;
    bool same_upper = text_is(a->auto_pad, "SAME_UPPER"), same_lower = text_is(a->auto_pad, "SAME_LOWER");
    bool valid = text_is(a->auto_pad, "VALID");
    if (!same_upper && !same_lower && !valid && a->auto_pad.n && !text_is(a->auto_pad, "NOTSET"))
        return *why = "auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID", false;
    if (!read_attrs(a, n, kernel, w, why)) return false;
    if (!same_upper && !same_lower && !valid && !read_pads(a, n, w, why)) return false;
    for (int32_t i = 0; i < n; i++) {
        w->in[i] = in[i];
        if (!onr_dim_known(in[i]) || !onr_dim_known(w->kernel[i])) {
            bool kept = onr_dim_known(w->kernel[i]) &&
                        (same_upper || same_lower || w->pad_begin[i] + w->pad_end[i] == w->dilation[i] * (w->kernel[i] - 1));
            w->out[i] = kept && w->stride[i] == 1 ? in[i] : onr_symbol(symbols, NULL);
        } else if (same_upper || same_lower) {
            pad_same(w, i, same_lower);
        } else if ((w->out[i] = out_size(w, i, a->ceil_mode)) < 0) {
            return *why = "the kernel is larger than the padded input", false;
        }
    }
    return true;
}
