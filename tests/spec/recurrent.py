"""RNN, GRU and LSTM: directions, activations, clipping, lengths of sequences, layouts and inputs left out.

May assume: `row` is a line of `onnxrun ops --json` and `dtype` one of its types. Expected values are ONNX's equations, one sequence, one
direction and one step at a time, in float64.
"""
import numpy as np

from numbers_of import rounded, sample
from suite import Case, Value

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
# name: function of x, alpha, beta; and the alpha and beta that hold when none are given
ACTIVATIONS = {
    "Tanh": (lambda x, a, b: np.tanh(x), 0, 0), "Sigmoid": (lambda x, a, b: 1 / (1 + np.exp(-x)), 0, 0),
    "Relu": (lambda x, a, b: np.maximum(x, 0), 0, 0), "Affine": (lambda x, a, b: a * x + b, 1.0, 0),
    "LeakyRelu": (lambda x, a, b: np.where(x < 0, a * x, x), 0.01, 0), "ThresholdedRelu": (lambda x, a, b: np.where(x > a, x, 0), 1.0, 0),
    "ScaledTanh": (lambda x, a, b: a * np.tanh(b * x), 1.0, 1.0), "HardSigmoid": (lambda x, a, b: np.clip(a * x + b, 0, 1), 0.2, 0.5),
    "Elu": (lambda x, a, b: np.where(x < 0, a * np.expm1(x), x), 1.0, 0), "Softsign": (lambda x, a, b: x / (1 + np.abs(x)), 0, 0),
    "Softplus": (lambda x, a, b: np.log1p(np.exp(x)), 0, 0),
}


class Cell:
    """The weights of one direction and its functions."""

    def __init__(self, op, w, r, b, p, functions, clip, attrs):
        self.op, self.w, self.r, self.p, self.clip = op, w, r, p, clip
        self.hidden = r.shape[-1]
        n = GATES[op] * self.hidden
        self.wb, self.rb = (b[:n], b[n:]) if b is not None else (np.zeros(n), np.zeros(n))
        self.f = functions
        self.coupled, self.before = attrs.get("input_forget", 0), attrs.get("linear_before_reset", 0)

    def act(self, i, x):
        f, alpha, beta = self.f[i]
        return f(np.clip(x, -self.clip, self.clip) if self.clip else x, alpha, beta)

    def gates(self, v):
        return np.split(v, GATES[self.op])

    def step(self, x, h, c):
        return {"RNN": self.rnn, "GRU": self.gru, "LSTM": self.lstm}[self.op](x, h, c)

    def rnn(self, x, h, c):
        return self.act(0, self.w @ x + self.r @ h + self.wb + self.rb), c

    def gru(self, x, h, c):
        xz, xr, xh = self.gates(self.w @ x + self.wb)
        rz, rr, rh = np.split(self.r, 3)
        bz, br, bh = self.gates(self.rb)
        z = self.act(0, xz + rz @ h + bz)
        r = self.act(0, xr + rr @ h + br)
        new = self.act(1, xh + r * (rh @ h + bh) if self.before else xh + rh @ (r * h) + bh)
        return (1 - z) * new + z * h, c

    def lstm(self, x, h, c):
        i, o, f, g = self.gates(self.w @ x + self.r @ h + self.wb + self.rb)
        pi, po, pf = np.split(self.p, 3) if self.p is not None else [np.zeros(self.hidden)] * 3
        i = self.act(0, i + pi * c)
        f = 1 - i if self.coupled else self.act(0, f + pf * c)
        c = f * c + i * self.act(1, g)
        return self.act(0, o + po * c) * self.act(2, c), c


def functions_of(op, n, attrs):
    """Functions of each direction, with alphas and betas taken from the lists in order by those functions that have them."""
    names = attrs.get("activations") or DEFAULTS[op] * n
    alphas, betas = list(attrs.get("activation_alpha", [])), list(attrs.get("activation_beta", []))
    out = []
    for name in names:
        f, alpha, beta = ACTIVATIONS[name]
        has_alpha = name in ("Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu")
        has_beta = name in ("Affine", "ScaledTanh", "HardSigmoid")
        alpha = alphas.pop(0) if has_alpha and alphas else alpha
        out.append((f, alpha, betas.pop(0) if has_beta and betas else beta))
    each = len(DEFAULTS[op])
    return [out[k * each : (k + 1) * each] for k in range(n)]


def recurrent(op, x, w, r, b, lengths, h0, c0, p, attrs):
    """Y [steps, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]."""
    steps, batch, n, hidden = x.shape[0], x.shape[1], w.shape[0], r.shape[-1]
    y, yh, yc = np.zeros((steps, n, batch, hidden)), np.zeros((n, batch, hidden)), np.zeros((n, batch, hidden))
    functions = functions_of(op, n, attrs)
    for d in range(n):
        cell = Cell(op, w[d], r[d], None if b is None else b[d], None if p is None else p[d], functions[d], attrs.get("clip"), attrs)
        back = attrs.get("direction") == "reverse" or d == 1
        for k in range(batch):
            h, c = (np.zeros(hidden) if v is None else v[d, k] for v in (h0, c0))
            places = range(steps if lengths is None else lengths[k])
            for t in reversed(places) if back else places:
                h, c = cell.step(x[t, k], h, c)
                y[t, d, k] = h
            yh[d, k], yc[d, k] = h, c
    return y, yh, yc


VARIANTS = {
    "RNN": [{"activations": ["Relu"]}, {"activations": ["Affine"], "activation_alpha": [0.5], "activation_beta": [0.25]},
            {"activations": ["ScaledTanh"], "activation_alpha": [1.5], "activation_beta": [0.5]}, {"activations": ["ThresholdedRelu"], "activation_alpha": [0.25]},
            {"activations": ["LeakyRelu"], "activation_alpha": [0.5]}, {"activations": ["Elu"], "activation_alpha": [0.5]}, {"activations": ["Softplus"]},
            {"activations": ["Tanh", "Softsign"], "direction": "bidirectional"}],
    "GRU": [{"linear_before_reset": 1}, {"activations": ["HardSigmoid", "Softsign"], "activation_alpha": [0.25], "activation_beta": [0.5]},
            {"activations": ["Sigmoid", "Relu", "Sigmoid", "Tanh"], "direction": "bidirectional", "linear_before_reset": 1}],
    "LSTM": [{"input_forget": 1}, {"activations": ["HardSigmoid", "Softsign", "Relu"], "activation_alpha": [0.25], "activation_beta": [0.5]},
             {"activations": ["Sigmoid", "Tanh", "Affine"] * 2, "direction": "bidirectional", "activation_alpha": [2.0, 0.5], "activation_beta": [0.25, 0.0]}],
}
PLAIN = [{}, {"direction": "reverse"}, {"direction": "bidirectional"}, {"clip": 0.5}]


def make(row, dtype, seed, sizes, attrs, optional):
    """A case with the optional inputs named in `optional`: b, lengths, h, c, p."""
    op, (steps, batch, width, hidden) = row["op"], sizes
    n, g = 2 if attrs.get("direction") == "bidirectional" else 1, GATES[op]
    rng = np.random.default_rng(seed)
    shapes = {"x": (steps, batch, width), "w": (n, g * hidden, width), "r": (n, g * hidden, hidden), "b": (n, 2 * g * hidden),
              "h": (n, batch, hidden), "c": (n, batch, hidden), "p": (n, 3 * hidden)}
    values = {k: sample(dtype, s, rng, -1, 1) for k, s in shapes.items() if k in "xwr" or k in optional}
    wide = {k: v.astype(np.float64) for k, v in values.items()}
    lengths = np.array([steps, max(steps - 2, 0), 1][:batch], np.int32) if "lengths" in optional else None
    x, w, r, b, h, c, p = (wide.get(k) for k in "xwrbhcp")
    y, yh, yc = recurrent(op, x, w, r, b, lengths, h, c, p, attrs)
    outs = [y, yh, yc][: 3 if op == "LSTM" else 2]
    if attrs.get("layout"):
        values.update({k: np.swapaxes(values[k], 0, 1) for k in "xhc" if k in values})
        outs = [np.moveaxis(outs[0], 2, 0), *(np.swapaxes(v, 0, 1) for v in outs[1:])]
    ins = [Value(dtype, values[k]) if k in values else None for k in "xwrb"] + [None if lengths is None else Value("int32", lengths)]
    ins += [Value(dtype, values[k]) if k in values else None for k in ("hcp" if op == "LSTM" else "h")]
    while ins[-1] is None:
        ins.pop()
    outs = [Value(dtype, rounded(v, dtype)) for v in outs]
    return Case(ins, outs if seed % 3 else [None, *outs[1:]] if seed % 2 else outs[:1], static=(1, 2, 3), hidden_size=hidden, **attrs)


def cases(row, dtype):
    seed = 0
    op, since = row["op"], row["since"]
    every = {"b", "lengths", "h"} | ({"c", "p"} if op == "LSTM" else set())
    for attrs in PLAIN + VARIANTS[op]:
        if since < 3 and "linear_before_reset" in attrs:
            continue
        for optional in (set(), {"b"}, every):
            seed += 1
            yield make(row, dtype, seed, ((4, 3, 2, 3), (1, 1, 5, 17), (3, 2, 8, 8))[(seed + seed // 3) % 3], attrs, optional)
    if since >= 14:
        for attrs in PLAIN[:3]:
            seed += 1
            yield make(row, dtype, seed, (4, 3, 2, 3), {**attrs, "layout": 1}, every)


CASES = {op: cases for op in GATES}
