#!/usr/bin/env python3
"""Finds the coefficients of src/kernels/simd/f32_math.inc: minimax polynomials, by Remez' exchange in 60 digits.

Each polynomial is fitted for the relative error of the function it serves. Coefficients are rounded to float32 from the lowest
up, and the rest is fitted again after each, so that what one rounding takes the others give back. Prints C."""
import argparse
import math
import struct
from decimal import Decimal, getcontext

getcontext().prec = 60
GRID = 4000


def to_float32(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def solve(rows):
    """Gauss with pivots; each row ends with its right side."""
    n = len(rows)
    for i in range(n):
        best = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for r in range(i + 1, n):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    x = [Decimal(0)] * n
    for i in reversed(range(n)):
        x[i] = (rows[i][n] - sum(rows[i][k] * x[k] for k in range(i + 1, n))) / rows[i][i]
    return x


def remez(target, weight, powers, lo, hi):
    """The coefficients of x^p, p in powers, that make the largest |weight * (target - sum)| least, and that error."""
    n = len(powers)
    xs = [lo + (hi - lo) * (1 - math.cos(math.pi * (i + 0.5) / GRID)) / 2 for i in range(GRID)]
    f, w = [target(x) for x in xs], [weight(x) for x in xs]
    at = [round(k * (GRID - 1) / n) for k in range(n + 1)]
    for _ in range(40):
        rows = []
        for k, i in enumerate(at):
            x = Decimal(xs[i])
            rows.append([x**p for p in powers] + [Decimal((-1) ** k) / Decimal(w[i]), Decimal(f[i])])
        c = solve(rows)
        e = [w[i] * (f[i] - sum(float(c[k]) * x**p for k, p in enumerate(powers))) for i, x in enumerate(xs)]
        tops = []  # the largest error between two changes of sign
        for i, err in enumerate(e):
            if tops and (e[tops[-1]] > 0) == (err > 0):
                if abs(err) > abs(e[tops[-1]]):
                    tops[-1] = i
            else:
                tops.append(i)
        while len(tops) > n + 1:
            tops.pop(0 if abs(e[tops[0]]) < abs(e[tops[-1]]) else -1)
        if len(tops) < n + 1 or tops == at:
            break
        at = tops
    return c[:n], max(abs(v) for v in e)


def fit(name, target, weight, degree, lo, hi):
    known = []
    while len(known) <= degree:
        done = len(known)

        def rest(x):
            return target(x) - sum(c * x**k for k, c in enumerate(known))

        coefficients, error = remez(rest, weight, list(range(done, degree + 1)), lo, hi)
        known.append(to_float32(coefficients[0]))
    error = max(abs(weight(x) * (target(x) - sum(c * x**k for k, c in enumerate(known))))
                for x in (lo + (hi - lo) * i / GRID for i in range(GRID + 1)))
    print(f"// {name}: x from {lo:.6g} to {hi:.6g}, relative error {error:.2e} = 2^{math.log2(error):.2f}")
    print("{" + ", ".join(f"{c:.9g}f" for c in reversed(known)) + "}")


def exp_rest(r):
    """(e^r - 1 - r) / r^2, by its series."""
    return sum(r**k / math.factorial(k + 2) for k in range(25))


def erf_rate(a):
    """-log(erfc(a)) / a - 1."""
    if a < 1e-9:
        return 2 / math.sqrt(math.pi) - 1
    return -(math.log1p(-math.erf(a)) if a < 0.5 else math.log(math.erfc(a))) / a - 1


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--exp", type=int, default=6, help="degree of e^r's rest, |r| <= log 2 (default %(default)s)")
    p.add_argument("--expm1", type=int, default=4, help="the same for |r| <= log(2) / 2 (default %(default)s)")
    p.add_argument("--erf", type=int, default=8, help="degree of log(erfc(-b)) / b - 1, -4 <= b <= 0 (default %(default)s)")
    args = p.parse_args()
    half = math.log(2) / 2 * 1.001  # rounding may pick the neighbour just beyond the middle
    fit("exp", exp_rest, lambda r: r * r / math.exp(r), args.exp, -2 * half, 2 * half)
    fit("expm1", exp_rest, lambda r: r * r / abs(math.expm1(r)) if r else 1e-30, args.expm1, -half, half)
    fit("erf", lambda b: erf_rate(-b), lambda b: b * math.erfc(-b) / math.erf(b) if b else 0.8862, args.erf, -4.0, 0.0)


if __name__ == "__main__":
    main()
