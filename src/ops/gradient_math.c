// gradient_math.c: derivatives of operators that work element by element, and of reductions.
// May assume: gradient.h. Where a function has a corner, the derivative there is one of its sides', as comments say.
// Never looks at contents: what a rule makes is right for any.
#include "ops/gradient.h"

#include <math.h>

#define MAKE1(op, a) onr_gradient_make(c, op, 1, a)
#define MAKE2(op, a, b) onr_gradient_make(c, op, 2, a, b)
#define MAKE3(op, a, b, d) onr_gradient_make(c, op, 3, a, b, d)
#define MUL(a, b) MAKE2("Mul", a, b)
#define NUM(v, like) onr_gradient_number(c, v, like)

static onr_value *x_of(const onr_gradient *c) { return c->node->in[0]; }
static onr_value *y_of(const onr_gradient *c) { return c->node->out[0]; }

// ---- two operands -----------------------------------------------------------------------------------------------------------

static void add(onr_gradient *c) {
    for (int32_t i = 0; i < c->node->n_in; i++)
        if (onr_gradient_wants(c, i)) onr_gradient_give_sum(c, i, c->dy[0]);
}

static void sub(onr_gradient *c) {
    if (onr_gradient_wants(c, 0)) onr_gradient_give_sum(c, 0, c->dy[0]);
    if (onr_gradient_wants(c, 1)) onr_gradient_give_sum(c, 1, MAKE1("Neg", c->dy[0]));
}

static void mul(onr_gradient *c) {
    for (int32_t i = 0; i < 2; i++)
        if (onr_gradient_wants(c, i)) onr_gradient_give_sum(c, i, MUL(c->dy[0], c->node->in[1 - i]));
}

static void div_(onr_gradient *c) {
    onr_value *part = MAKE2("Div", c->dy[0], c->node->in[1]);
    if (onr_gradient_wants(c, 0)) onr_gradient_give_sum(c, 0, part);
    if (onr_gradient_wants(c, 1)) onr_gradient_give_sum(c, 1, MAKE1("Neg", MUL(part, y_of(c))));
}

/// a^b: b a^(b-1), which is 0 for b = 0 whatever a; and a^b log a, which is 0 for a = 0.
static void pow_(onr_gradient *c) {
    onr_value *a = c->node->in[0], *b = c->node->in[1], *dy = c->dy[0];
    if (onr_gradient_wants(c, 0)) {
        onr_value *less = MAKE2("Pow", a, MAKE2("Sub", b, NUM(1, b)));
        onr_value *slope = MUL(MAKE2("CastLike", b, a), less);
        onr_value *flat = MAKE2("Equal", b, NUM(0, b));
        onr_gradient_give_sum(c, 0, MAKE3("Where", flat, NUM(0, dy), MUL(dy, slope)));
    }
    if (onr_gradient_wants(c, 1)) {
        onr_value *slope = MUL(y_of(c), MAKE1("Log", a));
        onr_value *db = MAKE3("Where", MAKE2("Equal", a, NUM(0, a)), NUM(0, dy), MUL(dy, slope));
        onr_gradient_give_sum(c, 1, MAKE2("CastLike", db, b));
    }
}

static void where(onr_gradient *c) {
    onr_value *zero = NUM(0, c->dy[0]);
    if (onr_gradient_wants(c, 1)) onr_gradient_give_sum(c, 1, MAKE3("Where", c->node->in[0], c->dy[0], zero));
    if (onr_gradient_wants(c, 2)) onr_gradient_give_sum(c, 2, MAKE3("Where", c->node->in[0], zero, c->dy[0]));
}

static void mean(onr_gradient *c) {
    onr_value *part = MAKE2("Div", c->dy[0], NUM(c->node->n_in, c->dy[0]));
    for (int32_t i = 0; i < c->node->n_in; i++)
        if (onr_gradient_wants(c, i)) onr_gradient_give_sum(c, i, part);
}

/// Inputs that are equally extreme share the derivative.
static void extreme(onr_gradient *c) {
    onr_value *count = NULL;
    for (int32_t i = 0; i < c->node->n_in; i++) {
        onr_value *hit = MAKE2("CastLike", MAKE2("Equal", c->node->in[i], y_of(c)), y_of(c));
        count = count ? MAKE2("Add", count, hit) : hit;
    }
    onr_value *part = MAKE2("Div", c->dy[0], count), *zero = NUM(0, c->dy[0]);
    for (int32_t i = 0; i < c->node->n_in; i++)
        if (onr_gradient_wants(c, i))
            onr_gradient_give_sum(c, i, MAKE3("Where", MAKE2("Equal", c->node->in[i], y_of(c)), part, zero));
}

// ---- one operand ------------------------------------------------------------------------------------------------------------

/// A rule that multiplies dy by the derivative.
#define SLOPE(name, slope)                             \
    static void name(onr_gradient *c) {                \
        onr_value *x = x_of(c), *y = y_of(c);          \
        (void)x, (void)y;                              \
        onr_gradient_give(c, 0, MUL(c->dy[0], slope)); \
    }
SLOPE(abs_, MAKE1("Sign", x)) // 0 at 0
SLOPE(exp_, y)
SLOPE(log_, MAKE1("Reciprocal", x))
SLOPE(sqrt_, MAKE2("Div", NUM(0.5, y), y))
SLOPE(reciprocal, MAKE1("Neg", MUL(y, y)))
SLOPE(sin_, MAKE1("Cos", x))
SLOPE(cos_, MAKE1("Neg", MAKE1("Sin", x)))
SLOPE(tan_, MAKE2("Add", MUL(y, y), NUM(1, y)))
SLOPE(atan_, MAKE1("Reciprocal", MAKE2("Add", MUL(x, x), NUM(1, x))))
SLOPE(sinh_, MAKE1("Cosh", x))
SLOPE(cosh_, MAKE1("Sinh", x))
SLOPE(tanh_, MAKE2("Sub", NUM(1, y), MUL(y, y)))
SLOPE(sigmoid, MUL(y, MAKE2("Sub", NUM(1, y), y)))
SLOPE(softplus, MAKE1("Sigmoid", x))
SLOPE(erf_, MUL(NUM(1.12837916709551257390, x), MAKE1("Exp", MAKE1("Neg", MUL(x, x))))) // 2 / sqrt(pi)

static void neg(onr_gradient *c) { onr_gradient_give(c, 0, MAKE1("Neg", c->dy[0])); }
static void identity(onr_gradient *c) { onr_gradient_give(c, 0, c->dy[0]); }
static void cast(onr_gradient *c) { onr_gradient_give(c, 0, MAKE2("CastLike", c->dy[0], x_of(c))); }
/// Steps: flat wherever there is a derivative.
static void zero(onr_gradient *c) { (void)c; }

/// 0 at 0, as most do.
static void relu(onr_gradient *c) {
    onr_value *up = MAKE2("Greater", x_of(c), NUM(0, x_of(c)));
    onr_gradient_give(c, 0, MAKE3("Where", up, c->dy[0], NUM(0, c->dy[0])));
}

static double alpha_of(const onr_gradient *c, double otherwise) {
    const onr_attr *a = onr_node_attr(c->node, "alpha");
    return a ? (double)a->f : otherwise;
}

static void leaky_relu(onr_gradient *c) {
    onr_value *down = MAKE2("Less", x_of(c), NUM(0, x_of(c)));
    onr_value *slope = NUM(alpha_of(c, (double)0.01f), c->dy[0]);
    onr_gradient_give(c, 0, MAKE3("Where", down, MUL(c->dy[0], slope), c->dy[0]));
}

/// Below 0 the function is alpha (e^x - 1).
static void elu(onr_gradient *c) {
    onr_value *down = MAKE2("Less", x_of(c), NUM(0, x_of(c)));
    onr_value *slope = MAKE2("Add", y_of(c), NUM(alpha_of(c, 1), y_of(c)));
    onr_gradient_give(c, 0, MAKE3("Where", down, MUL(c->dy[0], slope), c->dy[0]));
}

/// Passes where the value was left as it is, the limits included.
static void clip(onr_gradient *c) {
    if (!onr_gradient_wants(c, 0)) return;
    onr_value *kept = MAKE2("Equal", x_of(c), y_of(c));
    onr_gradient_give(c, 0, MAKE3("Where", kept, c->dy[0], NUM(0, c->dy[0])));
}

// ---- reductions -------------------------------------------------------------------------------------------------------------

static onr_value *axes_of(onr_gradient *c) {
    onr_ints axes = onr_gradient_attrs(c, "axes");
    if (axes.n) return onr_gradient_ints(c, axes.v, (int64_t)axes.n);
    return onr_gradient_in(c, 1);
}

/// v, of the reduction's output shape, in the shape of its input.
static onr_value *spread(onr_gradient *c, onr_value *v) {
    onr_value *axes = axes_of(c);
    bool noop = onr_gradient_attr(c, "noop_with_empty_axes", 0) != 0;
    if (!axes && noop) return v;
    if (!axes)
        v = MAKE2("Reshape", v, onr_gradient_ints(c, NULL, 0));
    else if (!onr_gradient_attr(c, "keepdims", 1))
        v = MAKE2("Unsqueeze", v, axes);
    return MAKE2("Expand", v, MAKE1("Shape", x_of(c)));
}

static onr_value *count_of(onr_gradient *c, onr_value *like) {
    onr_value *n = MAKE2("Div", MAKE1("Size", x_of(c)), MAKE1("Size", y_of(c)));
    return MAKE2("CastLike", n, like);
}

static void reduce_sum(onr_gradient *c) { onr_gradient_give(c, 0, spread(c, c->dy[0])); }

static void reduce_mean(onr_gradient *c) { onr_gradient_give(c, 0, spread(c, MAKE2("Div", c->dy[0], count_of(c, c->dy[0])))); }

static void reduce_l1(onr_gradient *c) { onr_gradient_give(c, 0, MUL(spread(c, c->dy[0]), MAKE1("Sign", x_of(c)))); }

static void reduce_l2(onr_gradient *c) { onr_gradient_give(c, 0, MUL(spread(c, MAKE2("Div", c->dy[0], y_of(c))), x_of(c))); }

static void reduce_sum_square(onr_gradient *c) {
    onr_gradient_give(c, 0, MUL(spread(c, MUL(c->dy[0], NUM(2, c->dy[0]))), x_of(c)));
}

static void reduce_log_sum(onr_gradient *c) {
    onr_gradient_give(c, 0, spread(c, MAKE2("Div", c->dy[0], MAKE1("Exp", y_of(c)))));
}

static void reduce_log_sum_exp(onr_gradient *c) {
    onr_value *share = MAKE1("Exp", MAKE2("Sub", x_of(c), spread(c, y_of(c))));
    onr_gradient_give(c, 0, MUL(spread(c, c->dy[0]), share));
}

/// Elements that are equally extreme share the derivative.
static void reduce_extreme(onr_gradient *c) {
    onr_value *hit = MAKE2("CastLike", MAKE2("Equal", x_of(c), spread(c, y_of(c))), x_of(c));
    onr_value *count = MAKE2("ReduceSum", hit, axes_of(c));
    onr_gradient_int(c, "keepdims", onr_gradient_attr(c, "keepdims", 1));
    onr_gradient_int(c, "noop_with_empty_axes", onr_gradient_attr(c, "noop_with_empty_axes", 0));
    onr_gradient_give(c, 0, MUL(hit, spread(c, MAKE2("Div", c->dy[0], count))));
}

static void global_average(onr_gradient *c) {
    onr_value *part = MAKE2("Div", c->dy[0], count_of(c, c->dy[0]));
    onr_gradient_give(c, 0, MAKE2("Expand", part, MAKE1("Shape", x_of(c))));
}

// ---- along an axis ----------------------------------------------------------------------------------------------------------

static onr_value *sum_along(onr_gradient *c, onr_value *v) {
    int64_t axis = onr_gradient_attr(c, "axis", -1);
    return MAKE2("ReduceSum", v, onr_gradient_ints(c, &axis, 1));
}

static void softmax(onr_gradient *c) {
    onr_value *part = MUL(c->dy[0], y_of(c));
    onr_gradient_give(c, 0, MAKE2("Sub", part, MUL(y_of(c), sum_along(c, part))));
}

static void log_softmax(onr_gradient *c) {
    onr_gradient_give(c, 0, MAKE2("Sub", c->dy[0], MUL(MAKE1("Exp", y_of(c)), sum_along(c, c->dy[0]))));
}

static void cum_sum(onr_gradient *c) {
    onr_value *dx = MAKE2("CumSum", c->dy[0], c->node->in[1]);
    onr_gradient_int(c, "exclusive", onr_gradient_attr(c, "exclusive", 0));
    onr_gradient_int(c, "reverse", !onr_gradient_attr(c, "reverse", 0));
    onr_gradient_give(c, 0, dx);
}

const onr_gradient_rule onr_gradient_rules_math[] = {
    {"Add", 7, add},
    {"Sub", 7, sub},
    {"Mul", 7, mul},
    {"Div", 7, div_},
    {"Pow", 7, pow_},
    {"Sum", 1, add},
    {"Mean", 1, mean},
    {"Max", 1, extreme},
    {"Min", 1, extreme},
    {"Where", 9, where},
    {"Neg", 1, neg},
    {"Abs", 1, abs_},
    {"Exp", 1, exp_},
    {"Log", 1, log_},
    {"Sqrt", 1, sqrt_},
    {"Reciprocal", 1, reciprocal},
    {"Sin", 7, sin_},
    {"Cos", 7, cos_},
    {"Tan", 7, tan_},
    {"Atan", 7, atan_},
    {"Sinh", 9, sinh_},
    {"Cosh", 9, cosh_},
    {"Tanh", 1, tanh_},
    {"Erf", 9, erf_},
    {"Sigmoid", 1, sigmoid},
    {"Softplus", 1, softplus},
    {"Relu", 1, relu},
    {"LeakyRelu", 1, leaky_relu},
    {"Elu", 1, elu},
    {"Clip", 1, clip},
    {"Identity", 1, identity},
    {"Cast", 1, cast},
    {"CastLike", 15, cast},
    {"Sign", 9, zero},
    {"Floor", 1, zero},
    {"Ceil", 1, zero},
    {"Round", 11, zero},
    {"ReduceSum", 1, reduce_sum},
    {"ReduceMean", 1, reduce_mean},
    {"ReduceL1", 1, reduce_l1},
    {"ReduceL2", 1, reduce_l2},
    {"ReduceSumSquare", 1, reduce_sum_square},
    {"ReduceLogSum", 1, reduce_log_sum},
    {"ReduceLogSumExp", 1, reduce_log_sum_exp},
    {"ReduceMax", 1, reduce_extreme},
    {"ReduceMin", 1, reduce_extreme},
    {"GlobalAveragePool", 1, global_average},
    {"Softmax", 13, softmax},
    {"LogSoftmax", 13, log_softmax},
    {"CumSum", 11, cum_sum},
    {NULL, 0, NULL},
};
