"""Makes the pictures of the bench, the same ones every time: `make.py FOLDER`.

Each is a scene by the rule of dead leaves: thousands of shapes that cover one another, their sizes spread as those of
things in photographs are, each with its own colour, light and texture. Over it lie light that falls off towards a
corner, a lens that is not perfectly sharp, and the noise of a sensor.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

JPEG_QUALITY = 92
RIGHT_SIDE_DOWN = 6
SHAPES = 16_000
# Radii as parts of the short side; between them the count falls with the cube of the radius.
RADII = (0.003, 0.35)
TEXTURE_TILE_PX = 1_024
TEXTURE_LEVELS = 24.0
NOISE_LEVELS = 3.0
STRIP_ROWS = 250


def radii(rng, count):
    small, large = RADII
    spread = rng.random(count)
    return 1 / np.sqrt(1 / small**2 - spread * (1 / small**2 - 1 / large**2))


def leaves(rng, width, height):
    """Colours with hard edges, and the same shapes again as numbers that say which texture lies where."""
    colours = Image.new("RGB", (width, height), (96, 120, 140))
    textures = Image.new("L", (width, height), 0)
    on_colours, on_textures = ImageDraw.Draw(colours), ImageDraw.Draw(textures)
    for part in radii(rng, SHAPES):
        radius = part * min(width, height)
        x, y = rng.random() * width, rng.random() * height
        hue = rng.normal(0, 16, 3) + rng.normal(125, 48)
        colour = tuple(int(level) for level in np.clip(hue, 4, 250))
        strength = int(rng.integers(0, 256))
        corners = int(rng.integers(3, 9))
        if corners > 5:
            squeeze = 0.4 + 0.6 * rng.random()
            box = (x - radius, y - radius * squeeze, x + radius, y + radius * squeeze)
            on_colours.ellipse(box, fill=colour)
            on_textures.ellipse(box, fill=strength)
        else:
            turns = np.sort(rng.random(corners)) * 2 * np.pi
            shape = [(x + radius * np.cos(turn), y + radius * np.sin(turn)) for turn in turns]
            on_colours.polygon(shape, fill=colour)
            on_textures.polygon(shape, fill=strength)
    lens = ImageFilter.GaussianBlur(width / 4_500)
    return colours.filter(lens), textures.filter(lens)


def texture(rng):
    """Noise whose strength falls with its frequency, as in photographs; its edges fit together as tiles."""
    side = TEXTURE_TILE_PX
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    frequency[0, 0] = 1
    waves = np.fft.rfft2(rng.standard_normal((side, side))) / frequency
    waves[0, 0] = 0
    noise = np.fft.irfft2(waves, (side, side))
    return (noise / noise.std()).astype(np.float32)


def scene(seed, width, height):
    rng = np.random.default_rng(seed)
    colours, textures = leaves(rng, width, height)
    colours, textures, tile = np.asarray(colours), np.asarray(textures), texture(rng)
    across = np.arange(width)
    result = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        rows = np.arange(top, min(top + STRIP_ROWS, height))
        part = colours[rows].astype(np.float32)
        pattern = tile[np.ix_(rows % TEXTURE_TILE_PX, across % TEXTURE_TILE_PX)]
        strength = textures[rows].astype(np.float32) / 255 * TEXTURE_LEVELS
        light = 1.08 - 0.35 * (rows[:, None] / height) * (across[None, :] / width)
        part = (part + (pattern * strength)[:, :, None]) * light[:, :, None]
        part += rng.standard_normal(part.shape, np.float32) * NOISE_LEVELS
        result[rows] = np.clip(part + 0.5, 0, 255).astype(np.uint8)
    return result


def photograph(path, seed, width, height):
    """As a phone stores it that was held upright: turned, with a note of how to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = RIGHT_SIDE_DOWN
    exif[0x010F] = "Bench"
    Image.fromarray(scene(seed, width, height)).save(path, "JPEG", quality=JPEG_QUALITY, exif=exif)


def cut_out(path, seed, width, height):
    """A photograph that fades out to the right, with round holes that have soft edges."""
    rng = np.random.default_rng(seed + 1)
    alpha = np.tile(np.clip(np.linspace(1.25, 0, width) * 255, 0, 255).astype(np.uint8), (height, 1))
    mask = Image.fromarray(alpha)
    draw = ImageDraw.Draw(mask)
    for _ in range(40):
        radius, x, y = width * (0.01 + 0.04 * rng.random()), rng.random() * width, rng.random() * height
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    picture = Image.fromarray(scene(seed, width, height))
    picture.putalpha(mask.filter(ImageFilter.GaussianBlur(6)))
    picture.save(path, "PNG", compress_level=6)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    photograph(folder / "12mp.jpg", 12, 4_000, 3_000)
    photograph(folder / "24mp.jpg", 24, 6_000, 4_000)
    cut_out(folder / "12mp-alpha.png", 13, 4_000, 3_000)


main()
