"""Thumbnails of maps: the prototypes in the middle of the grid, small but readable."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from topodream.arrays import Floats
from topodream.files.storage import written_whole
from topodream.grid import Grid
from topodream.pictures.tiles import tile, weight_scale

UNITS = 10
GREYS = 16
SEPARATOR = 0.15

Pixels = npt.NDArray[np.uint8]


def middle(weights: Floats, grid: Grid, image_shape: tuple[int, ...]) -> Floats:
    """Return the prototypes of at most ``UNITS`` x ``UNITS`` units in the middle of the grid.

    All units of a large map would be specks in a thumbnail.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    grid : Grid
    image_shape : (height, width) of a prototype

    Returns
    -------
    (rows, cols, height, width)
    """
    sheet = weights.reshape(grid.rows, grid.cols, *image_shape)
    top, left = (max(0, (length - UNITS) // 2) for length in (grid.rows, grid.cols))
    return sheet[top : top + UNITS, left : left + UNITS]


def draw(weights: Floats, grid: Grid, image_shape: tuple[int, ...]) -> Pixels:
    """Draw a thumbnail as numbers of greys, 0 white; one pixel is one weight.

    The scale is that of :func:`topodream.pictures.figures.prototypes`: from 0 to the 99.9th percentile
    of the weights of all units.

    Returns
    -------
    (rows * (height + 1) - 1, cols * (width + 1) - 1), less than ``GREYS``
    """
    shown = np.clip(middle(weights, grid, image_shape) / weight_scale(weights), 0, 1)
    rows, cols, height, width = shown.shape
    sheet = tile(shown.reshape(rows * cols, height, width), cols, fill=SEPARATOR)[1:-1, 1:-1]
    levels: Pixels = (sheet * (GREYS - 1)).round().astype(np.uint8)
    return levels


def write(path: Path, levels: Pixels, note: str) -> None:
    """Write numbers of greys as a PNG of four bits per pixel; ``note`` says what made it."""
    image = Image.frombytes("P", levels.shape[::-1], levels.tobytes())
    image.putpalette(np.linspace(255, 0, GREYS).round().astype(np.uint8).repeat(3).tobytes())
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", note)
    with written_whole(path) as temporary:
        image.save(temporary, format="PNG", optimize=True, bits=4, pnginfo=text)
