#!/usr/bin/env python3
"""Writes tests/data/pictures: small pictures in every format of ImageDecoder, and what PIL decodes them to (NAME.ppm).

May assume: Debian's python3-numpy and python3-pil. Never needed by the build or the tests: what it writes is committed.
"""
import io
import os

import numpy as np
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "pictures")


def picture():
    """13 x 7: red grows to the right, green downwards, blue mixes both."""
    y, x = np.mgrid[0:7, 0:13]
    return Image.fromarray(np.stack([x * 19, y * 40, x * y * 3], 2).astype(np.uint8))


def save(name, image, kind, **how):
    data = io.BytesIO()
    image.save(data, kind, **how)
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data.getvalue())
    Image.open(io.BytesIO(data.getvalue())).convert("RGB").save(os.path.join(HERE, name + ".ppm"), "PPM")


def main():
    os.makedirs(HERE, exist_ok=True)
    rgb = picture()
    save("halved.jpg", rgb, "JPEG", quality=80, subsampling=2)
    save("progressive.jpg", rgb, "JPEG", quality=60, progressive=True)
    save("grey.jpg", rgb.convert("L"), "JPEG")
    save("inks.jpg", rgb.convert("CMYK"), "JPEG")
    save("rgb.png", rgb, "PNG")
    save("palette.png", rgb.convert("P", palette=Image.ADAPTIVE, colors=9), "PNG")
    save("bits.png", rgb.convert("1"), "PNG")
    save("rgb.bmp", rgb, "BMP")
    save("palette.bmp", rgb.convert("P", palette=Image.ADAPTIVE, colors=9), "BMP")
    save("bits.bmp", rgb.convert("1"), "BMP")
    save("rgb.tif", rgb, "TIFF", compression="tiff_lzw")
    save("bits.tif", rgb.convert("1"), "TIFF", compression="group4")
    save("lossless.webp", rgb, "WEBP", lossless=True)
    save("lossy.webp", rgb, "WEBP", quality=70)
    save("boxed.jp2", rgb, "JPEG2000")
    save("bare.j2k", rgb, "JPEG2000", no_jp2=True, irreversible=True, quality_layers=[8])


if __name__ == "__main__":
    main()
