"""Colours for what turns: a circle of hues that also people who confuse red with green tell apart."""

import numpy as np

from topodream.arrays import Array, Floats, Indices
from topodream.blocks import blocks

# In OKLab (Ottosson 2020, "A perceptual color space for image processing"): a circle of one chroma, all
# hues equally far from the next. Without red and green it would be run through forth and back; so it is
# tilted, green lighter than red.
LIGHTNESS, TILT, CHROMA, LIGHTEST = 0.69, 0.12, 0.125, np.radians(160)
# What is of no hue is that dark.
DARKEST = 0.16
# From OKLab to cones, and from cones to linear red, green and blue.
TO_CONES = np.array(
    [
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.2914855480],
    ]
)
TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def turning_colours(turned: Array) -> Floats:
    """Return the colours of what turns: hue by its angle, from nearly black at 0 to full at 1.

    Parameters
    ----------
    turned : (...)
        Of an absolute value above 1 as of 1.

    Returns
    -------
    (..., 3) in [0, 1]
    """
    size, hue = np.minimum(np.abs(turned), 1), np.angle(turned)
    full = LIGHTNESS + TILT * np.cos(hue - LIGHTEST)
    lightness = DARKEST + (full - DARKEST) * size
    chroma = CHROMA * size
    return from_oklab(np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1))


def from_oklab(lab: Floats) -> Floats:
    """Return colours of OKLab as those of screens, (..., 3) in [0, 1]; what these lack is cut off."""
    linear = np.clip((lab @ TO_CONES.T) ** 3 @ TO_LINEAR.T, 0, 1)
    shown: Floats = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return shown


def painted(sheet: Array, size: tuple[int, int], *, wraps: bool) -> Floats:
    """Return a sheet's picture of that many pixels, where colours run from each unit to the next.

    Parameters
    ----------
    sheet : (rows, cols)
    size : (height, width)
    wraps : bool
        Whether the last row touches the first one, and the last column the first one.

    Returns
    -------
    (height, width, 3) in [0, 1]
    """
    picture = np.empty((*size, 3), np.float32)
    down, right = (_steps(*lengths, wraps) for lengths in zip(size, sheet.shape, strict=True))
    for rows in blocks(size, 2**16):
        before, after, share = (each[rows, None] for each in down)
        band = (1 - share) * sheet[before[:, 0]] + share * sheet[after[:, 0]]
        before, after, share = right
        picture[rows] = turning_colours((1 - share) * band[:, before] + share * band[:, after])
    return picture


def _steps(n_pixels: int, n_units: int, wraps: bool) -> tuple[Indices, Indices, Floats]:
    """Return between which units each pixel of a line lies, and how near the second one."""
    places = (np.arange(n_pixels) + 0.5) * n_units / n_pixels - 0.5
    before = np.floor(places).astype(int)
    both = before, before + 1
    kept = [np.mod(u, n_units) if wraps else np.clip(u, 0, n_units - 1) for u in both]
    return kept[0], kept[1], places - before
