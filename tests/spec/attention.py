"""Attention and RotaryEmbedding: heads beside each other or apart, grouped queries, masks, caches of past keys, and a look at scores.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are ONNX's definitions of opsets 23 and
24, one query of one head at a time, in float64. No query has all of its keys masked: the specification leaves that open.
"""
import numpy as np

from numbers_of import rounded, sample
from suite import Case, Value


class Heads:
    """Q, K or V as [batch, heads, length, width], and as the model has it: so, or with three dimensions and heads beside each other."""

    def __init__(self, dtype, shape, seed):
        self.dtype = dtype
        self.array = sample(dtype, shape, np.random.default_rng(seed), -2, 2)

    def value(self, packed):
        return Value(self.dtype, pack(self.array) if packed else self.array)


def pack(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], x.shape[1] * x.shape[3])


def scores_of(q, k, attrs, bias, hidden):
    """The four things that qk_matmul_output_mode shows, for one query: raw, capped, biased, softmax. hidden: keys it does not see."""
    raw = k @ q * attrs.get("scale", 1 / np.sqrt(q.shape[0]))
    cap = attrs.get("softcap", 0)
    capped = cap * np.tanh(raw / cap) if cap else raw
    biased = np.where(hidden, -np.inf, capped + bias)
    e = np.exp(biased - biased.max())
    return raw, capped, biased, e / e.sum()


def attend(q, k, v, mask, attrs, lengths, offset):
    """Y and the scores shown. mask: float64 [batch, heads, queries, keys]; lengths: keys that count, by batch; offset: with is_causal,
    query i sees keys up to i + offset[b]."""
    batch, heads, n_q, _ = q.shape
    n_k, group = k.shape[2], heads // k.shape[1]
    y, shown = np.zeros((batch, heads, n_q, v.shape[3])), np.zeros((batch, heads, n_q, n_k))
    for b, h, i in np.ndindex(batch, heads, n_q):
        j = np.arange(n_k)
        hidden = j >= lengths[b]
        if attrs.get("is_causal"):
            hidden = hidden | (j > i + offset[b])
        parts = scores_of(q[b, h, i], k[b, h // group], attrs, mask[b, h, i], hidden)
        shown[b, h, i] = parts[attrs.get("qk_matmul_output_mode", 0)]
        y[b, h, i] = parts[3] @ v[b, h // group]
    return y, shown


def mask_of(kind, shape, dtype, seed, keep):
    """A Value and what it adds; `keep` is a key that every query sees."""
    rng = np.random.default_rng(seed)
    if kind == "bool":
        seen = rng.random(shape) < 0.6
        seen[..., keep] = True
        return Value("bool", seen), np.where(seen, 0, -np.inf)
    numbers = sample(dtype, shape, rng, -1, 1)
    if kind == "hides":
        numbers = np.where(rng.random(shape) < 0.3, -np.inf, numbers).astype(numbers.dtype)
        numbers[..., keep] = 0
    return Value(dtype, numbers), numbers.astype(np.float64)


# batch, query heads, key heads, queries, keys, width of queries, width of values
SIZES = ((1, 1, 1, 1, 1, 1, 1), (2, 3, 3, 4, 4, 8, 8), (1, 4, 2, 5, 7, 8, 6), (2, 6, 1, 3, 5, 4, 9), (1, 2, 2, 17, 33, 16, 16), (2, 2, 1, 1, 9, 8, 8),
         (1, 8, 8, 3, 130, 7, 5))
# attributes; the mask's kind and its leading dimensions, as long as those of the scores where True
STYLES = (({}, None, ()), ({"is_causal": 1}, None, ()), ({"scale": 0.25}, "numbers", (False, False)), ({"softcap": 1.5}, "bool", ()),
          ({"softcap": 2.0, "is_causal": 1}, "numbers", (True, False)), ({}, "hides", (True, True)), ({"scale": 2.0}, "bool", (False, True)))


def attention_case(dtype, size, style, seed, past, packed, mode, lengths=None):
    batch, heads, kv_heads, n_q, n_k, width, v_width = size
    attrs, kind, leading = style
    attrs = dict(attrs)
    q, k, v = (Heads(dtype, s, seed + i) for i, s in enumerate(((batch, heads, n_q, width), (batch, kv_heads, n_k, width), (batch, kv_heads, n_k, v_width))))
    ins = [x.value(packed) for x in (q, k, v)] + [None, None, None]
    keys, values = k.array, v.array
    if past:
        old = [Heads(dtype, (batch, kv_heads, past, w), seed + 3 + w).array for w in (width, v_width)]
        ins[4:6] = [Value(dtype, x) for x in old]
        keys, values = (np.concatenate(pair, 2) for pair in zip(old, (keys, values)))
    total = n_k + past
    mask = np.zeros((batch, heads, n_q, total))
    if kind:
        shape = tuple(n if full else 1 for n, full in zip((batch, heads)[-len(leading):], leading)) if leading else ()
        ins[3], added = mask_of(kind, (*shape, n_q, total), dtype, seed + 7, 0)
        mask = mask + added
    counts, offset = [total] * batch, [past] * batch
    if lengths is not None:
        counts = lengths
        ins.append(Value("int64", np.array(lengths, np.int64)))
        offset = offset if past else [n - n_q for n in lengths]
    if mode is not None:
        attrs["qk_matmul_output_mode"] = mode
    y, shown = attend(*(x.astype(np.float64) for x in (q.array, keys, values)), mask, attrs, counts, offset)
    outs = [Value(dtype, rounded(pack(y) if packed else y, dtype)), Value(dtype, keys) if past else None, Value(dtype, values) if past else None]
    outs.append(Value(dtype, rounded(shown, dtype)) if mode is not None else None)
    while outs[-1] is None:
        outs.pop()
    while ins[-1] is None:
        ins.pop()
    if packed:
        attrs.update(q_num_heads=heads, kv_num_heads=kv_heads)
    return Case(ins, outs, **attrs)


def attention(row, dtype):
    for s, size in enumerate(SIZES):
        for t, style in enumerate(STYLES):
            seed = 100 * s + 10 * t
            mode = (None, 0, 1, 2, 3)[(s + t) % 5] if dtype in ("float32", "float64") else None
            yield attention_case(dtype, size, style, seed, (0, 0, 3)[(s + 2 * t) % 3], (s + t) % 2, mode)
    if row["since"] < 24:
        return
    for s, size in enumerate(SIZES[1:6]):
        batch, n_q, n_k = size[0], size[3], size[4]
        lengths = [max(n_k - b, min(n_q, n_k)) for b in range(batch)]
        for t, style in enumerate(STYLES):
            if n_q <= min(lengths):
                yield attention_case(dtype, size, style, 1000 + 100 * s + 10 * t, 0, (s + t) % 2, None, lengths)


def rotary(row, dtype):
    """Pairs (k, k + half) or (2k, 2k + 1) of the first numbers of a head are turned; the rest stays."""
    if dtype == "float64":
        return
    for seed, (batch, heads, length, width, part) in enumerate(((1, 1, 1, 2, 0), (2, 3, 5, 8, 0), (1, 2, 7, 34, 0), (2, 4, 3, 10, 6), (1, 3, 2, 16, 16), (0, 2, 3, 4, 0))):
        for way in range(8):
            packed, interleaved, positions = way & 1, way >> 1 & 1, way >> 2
            half = (part or width) // 2
            rng = np.random.default_rng(10 * seed + way)
            x = sample(dtype, (batch, heads, length, width), rng, -2, 2)
            cache = (11, half) if positions else (batch, length, half)
            cos, sin = sample(dtype, cache, rng, -1, 1), sample(dtype, cache, rng, -1, 1)
            at = rng.integers(0, 11, (batch, length))
            c, s = (m[at] if positions else m for m in (cos.astype(np.float64), sin.astype(np.float64)))
            y = x.astype(np.float64)
            first, second = (slice(0, 2 * half, 2), slice(1, 2 * half, 2)) if interleaved else (slice(0, half), slice(half, 2 * half))
            u, v = y[..., first].copy(), y[..., second].copy()
            y[..., first], y[..., second] = c[:, None] * u - s[:, None] * v, s[:, None] * u + c[:, None] * v
            attrs = {"interleaved": interleaved, **({"num_heads": heads} if packed else {}), **({"rotary_embedding_dim": part} if part else {})}
            ins = [Value(dtype, pack(x) if packed else x), Value(dtype, cos), Value(dtype, sin)] + ([Value("int64", at)] if positions else [])
            yield Case(ins, [Value(dtype, rounded(pack(y) if packed else y, dtype))], **attrs)


CASES = {"Attention": attention, "RotaryEmbedding": rotary}
