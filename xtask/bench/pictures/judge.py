"""Tells how much fitted pictures look like their source: `judge.py SOURCE FITTED…`. Prints one line of JSON.

The reference is the source, decoded whole, turned upright and shrunk by Pillow's Lanczos filter. What is see-through is
laid over gray, source and fitted alike, so that hidden colours do not count. psnr_db is over red, green and blue; ssim is
the mean of the structural similarity of brightness, in windows of 8 by 8 pixels.
"""

import json
import sys

import numpy as np
from PIL import Image, ImageOps

WINDOW = 8
GRAY = (128, 128, 128, 255)


def opaque(picture):
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, GRAY), picture).convert("RGB")


def reference(path, size):
    picture = ImageOps.exif_transpose(Image.open(path))
    return opaque(picture.resize(size, Image.Resampling.LANCZOS))


def psnr_db(a, b):
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), 1e-9)))


def window_means(values):
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return total / WINDOW**2


def ssim(a, b):
    a, b = (np.asarray(picture.convert("L"), np.float64) for picture in (a, b))
    mean_a, mean_b = window_means(a), window_means(b)
    variance_a, variance_b = window_means(a * a) - mean_a**2, window_means(b * b) - mean_b**2
    covariance = window_means(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    likeness /= (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
    return float(likeness.mean())


def main():
    source, *fitted = sys.argv[1:]
    verdicts = []
    references = {}
    for path in fitted:
        picture = Image.open(path)
        mime, size = picture.get_format_mimetype(), picture.size
        picture = opaque(ImageOps.exif_transpose(picture))
        if size not in references:
            references[size] = reference(source, size)
        wanted = references[size]
        measured = {"psnr_db": psnr_db(wanted, picture), "ssim": ssim(wanted, picture)}
        verdicts.append({"mime": mime, "width": size[0], "height": size[1], **measured})
    print(json.dumps(verdicts))


main()
