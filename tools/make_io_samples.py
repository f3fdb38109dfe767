#!/usr/bin/env python3
"""Writes tests/data/io: small arrays and pictures as NumPy and PIL write them, with what PIL makes of them.

May assume: Debian's python3-numpy and python3-pil. Never needed by the build or the tests: what it writes is committed. The C
tests know the numbers from the same formulas.
"""
import io
import os
import zipfile

import numpy as np
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "io")


def array(dtype):
    """2 x 3 x 4 numbers 0, 1, 2 ... of a type."""
    return np.arange(24).reshape(2, 3, 4).astype(dtype)


def save(name, a, version=None):
    with open(os.path.join(HERE, name + ".npy"), "wb") as f:
        np.lib.format.write_array(f, a, version=version)


def arrays():
    for t in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split():
        save(t, array(t))
    save("f4_fortran", np.asfortranarray(array("f4")))
    save("i4_big", array(">i4"))
    save("c8_big_fortran", np.asfortranarray((array("f4") + 1j * (array("f4") + 100)).astype(">c8")))
    save("f4_version2", array("f4"), (2, 0))
    save("f4_version3", array("f4"), (3, 0))
    save("scalar", np.float64(2.5))
    save("empty", np.zeros((0, 3), "f4"))
    words = np.array([["", "a"], ["Grüße", "日本 𝄞"]])
    save("text", words)
    save("text_big", words.astype(">" + words.dtype.str[1:]))
    save("bytes", np.array([b"one", b"", b"three"]))
    save("date", np.array(["2020-01-01"], "M8[D]"))
    save("struct", np.zeros(2, [("a", "f4")]))
    np.save(os.path.join(HERE, "object.npy"), np.array([None, 1], object), allow_pickle=True)
    np.savez(os.path.join(HERE, "stored.npz"), x=array("f4"), y=array("i8"))
    np.savez_compressed(os.path.join(HERE, "deflated.npz"), np.zeros((50, 50), "f4"), array("u1"))
    # A bomb: the directory says 3 GB, the data is a few bytes.
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x.npy", b"\x93NUMPY" + bytes(64))
    raw = bytearray(data.getvalue())
    end = raw.rfind(b"PK\1\2")
    raw[end + 24:end + 28] = (3 << 30).to_bytes(4, "little")
    raw[22:26] = (3 << 30).to_bytes(4, "little")
    with open(os.path.join(HERE, "bomb.npz"), "wb") as f:
        f.write(raw)


def picture(width, height):
    """A colour picture whose pixels follow from their place."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 40 + y * 7, 255 - x * 30 - y * 3, x * y * 11], axis=-1) & 255
    return Image.fromarray(rgb.astype(np.uint8), "RGB")


def pictures():
    p = picture(6, 5)
    def path(name):
        return os.path.join(HERE, name)
    p.save(path("rgb.png"))
    p.save(path("rgb.ppm"))
    p.convert("L").save(path("grey.png"))
    p.convert("L").save(path("grey.pgm"))
    p.quantize(64, dither=0).save(path("palette.png"))
    p.quantize(64, dither=0).convert("RGB").save(path("palette.ppm"))
    rgba = p.copy()
    rgba.putalpha(p.convert("L"))
    rgba.save(path("rgba.png"))
    p.convert("1").save(path("bits.png"))
    p.convert("1").convert("L").save(path("bits.pgm"))
    p.save(path("rgb.jpg"), quality=90)
    Image.open(path("rgb.jpg")).convert("RGB").save(path("jpg.ppm"))
    p.convert("L").save(path("grey.jpg"), quality=90)
    p.convert("CMYK").save(path("cmyk.jpg"))
    big = picture(23, 17)
    big.save(path("big.ppm"))
    big.resize((9, 7), Image.BILINEAR).save(path("small.ppm"))
    big.resize((40, 31), Image.BILINEAR).save(path("large.ppm"))


os.makedirs(HERE, exist_ok=True)
arrays()
pictures()
