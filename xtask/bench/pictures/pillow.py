"""Fits a picture with Pillow: `pillow.py FILE MAX_BYTES MAX_SIDE OUT`. Prints one line of JSON about what it did.

Decoded once, shrunk once, turned upright; then compressed at one quality after another until it fits.
"""

import io
import json
import sys
import time
from pathlib import Path

from PIL import Image, ImageOps

# libwebp's: the quickest. Pillow's own default, 4, takes longer for fewer bytes.
WEBP_METHOD = 0
QUALITIES = [90, 85, 80, 75, 70, 65, 60]


def fit(data, max_bytes, max_side):
    picture = Image.open(io.BytesIO(data))
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    picture = ImageOps.exif_transpose(picture)
    is_see_through = picture.mode == "RGBA"
    for quality in QUALITIES:
        packed = io.BytesIO()
        if is_see_through:
            picture.save(packed, "WEBP", quality=quality, method=WEBP_METHOD, exif=b"")
        else:
            picture.save(packed, "JPEG", quality=quality, optimize=True, exif=b"")
        fitted = packed.getvalue()
        if len(fitted) <= max_bytes:
            return fitted, picture.size, quality, "image/webp" if is_see_through else "image/jpeg"
    raise SystemExit("it does not fit")


def main():
    file, max_bytes, max_side, out = sys.argv[1:]
    data = Path(file).read_bytes()
    started = time.perf_counter()
    fitted, (width, height), quality, mime = fit(data, int(max_bytes), int(max_side))
    work_us = round((time.perf_counter() - started) * 1_000_000)
    Path(out).write_bytes(fitted)
    size = {"width": width, "height": height, "bytes": len(fitted)}
    print(json.dumps({"work_us": work_us, "mime": mime, "quality": quality, **size}))


main()
