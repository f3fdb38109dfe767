// einsum_parse.c: from the text of an einsum equation to labels.
// May assume: nothing about the text. Never looks at sizes. Source: ONNX Einsum (12).
#include "ops/einsum.h"

#include "base/arena.h"

#include <string.h>

static onr_status bad(onr_string eq, const char *what, onr_err *err) {
    return onr_fail(err, ONR_INVALID, "Einsum equation '%.*s': %s", (int)(eq.n < 200 ? eq.n : 200), eq.s, what);
}

/// One term, from *at up to a comma, an arrow or the end.
static onr_status parse_term(onr_string eq, size_t *at, onr_einsum_term *t, onr_err *err) {
    bool ellipsis = false;
    *t = (onr_einsum_term){0};
    for (; *at < eq.n && eq.s[*at] != ',' && eq.s[*at] != '-'; (*at)++) {
        char ch = eq.s[*at];
        int label;
        if (ch == ' ') continue;
        if (ch >= 'a' && ch <= 'z')
            label = ch - 'a';
        else if (ch >= 'A' && ch <= 'Z')
            label = ch - 'A' + 26;
        else if (ch == '.' && eq.n - *at >= 3 && !memcmp(eq.s + *at, "...", 3) && !ellipsis) {
            label = ONR_EINSUM_ELLIPSIS;
            ellipsis = true;
            *at += 2;
        } else
            return bad(eq, "unexpected character", err);
        if (t->n == ONR_MAX_RANK + 1) return bad(eq, "a term is too long", err);
        t->at[t->n++] = (uint8_t)label;
    }
    return ONR_OK;
}

static bool contains(const onr_einsum_term *t, int label) {
    for (int i = 0; i < t->n; i++)
        if (t->at[i] == label) return true;
    return false;
}

/// Without an arrow: the ellipsis, then the letters that stand exactly once, in the order of the alphabet.
static onr_status implicit_output(onr_string eq, onr_einsum *e, onr_err *err) {
    int count[ONR_EINSUM_LETTERS] = {0};
    e->out = (onr_einsum_term){0};
    for (int32_t i = 0; i < e->n_in; i++) {
        for (int k = 0; k < e->in[i].n; k++)
            if (e->in[i].at[k] != ONR_EINSUM_ELLIPSIS) count[e->in[i].at[k]]++;
        if (!e->out.n && contains(&e->in[i], ONR_EINSUM_ELLIPSIS)) e->out.at[e->out.n++] = ONR_EINSUM_ELLIPSIS;
    }
    for (int k = 0; k < ONR_EINSUM_LETTERS; k++) {
        int label = (k + 26) % ONR_EINSUM_LETTERS; // capitals come first
        if (count[label] != 1) continue;
        if (e->out.n == ONR_MAX_RANK) return bad(eq, "the result has too many dimensions", err);
        e->out.at[e->out.n++] = (uint8_t)label;
    }
    return ONR_OK;
}

static onr_status check_output(onr_string eq, const onr_einsum *e, onr_err *err) {
    for (int k = 0; k < e->out.n; k++) {
        bool known = e->out.at[k] == ONR_EINSUM_ELLIPSIS; // one that no operand has stands for nothing
        for (int32_t i = 0; i < e->n_in; i++) known |= contains(&e->in[i], e->out.at[k]);
        if (!known) return bad(eq, "the result has a letter that no operand has", err);
        for (int m = 0; m < k; m++)
            if (e->out.at[m] == e->out.at[k]) return bad(eq, "the result has a letter twice", err);
    }
    return ONR_OK;
}

onr_status onr_einsum_parse(onr_string eq, int32_t n_in, onr_arena *arena, onr_einsum *out, onr_err *err) {
    *out = (onr_einsum){.n_in = n_in};
    if (n_in > ONR_EINSUM_MOST)
        return onr_fail(err, ONR_UNSUPPORTED, "Einsum of %d operands, at most %d", n_in, ONR_EINSUM_MOST);
    out->in = onr_arena_calloc(arena, (size_t)n_in, sizeof *out->in);
    if (!out->in) return onr_no_memory(err, (size_t)n_in * sizeof *out->in);
    size_t at = 0;
    for (int32_t i = 0; i < n_in; i++) {
        ONR_TRY(parse_term(eq, &at, &out->in[i], err));
        bool more = at < eq.n && eq.s[at] == ',';
        if (more != (i + 1 < n_in)) return bad(eq, "it has another number of terms than there are operands", err);
        at += more;
    }
    if (at == eq.n) return implicit_output(eq, out, err);
    if (eq.n - at < 2 || eq.s[at + 1] != '>') return bad(eq, "unexpected character", err);
    at += 2;
    ONR_TRY(parse_term(eq, &at, &out->out, err));
    if (at != eq.n) return bad(eq, "unexpected character after the result", err);
    return check_output(eq, out, err);
}

/// The term with `n` labels in the place of an ellipsis; those of the shorter ones are aligned at the end.
static bool expand_term(const onr_einsum_term *t, int n, int longest, onr_einsum_term *out) {
    *out = (onr_einsum_term){0};
    for (int i = 0; i < t->n; i++) {
        bool dots = t->at[i] == ONR_EINSUM_ELLIPSIS;
        for (int k = 0; k < (dots ? n : 1); k++) {
            if (out->n == ONR_MAX_RANK) return false;
            out->at[out->n++] = dots ? (uint8_t)(ONR_EINSUM_LETTERS + longest - n + k) : t->at[i];
        }
    }
    return true;
}

bool onr_einsum_expand(const onr_einsum *e, const int32_t *rank, onr_einsum_labels *out, const char **why) {
    int longest = 0;
    for (int32_t i = 0; i < e->n_in; i++) {
        bool dots = contains(&e->in[i], ONR_EINSUM_ELLIPSIS);
        int n = rank[i] - (e->in[i].n - dots);
        if (n < 0 || (n > 0 && !dots))
            return *why = "a term does not have as many letters as its operand has dimensions", false;
        if (n > longest) longest = n;
    }
    for (int32_t i = 0; i < e->n_in; i++) {
        int n = rank[i] - (e->in[i].n - contains(&e->in[i], ONR_EINSUM_ELLIPSIS));
        if (!expand_term(&e->in[i], n, longest, &out->in[i])) return *why = "a term is too long", false;
    }
    if (!expand_term(&e->out, longest, longest, &out->out)) return *why = "the result has too many dimensions", false;
    return true;
}
