"""Thumbnails of maps: the prototypes in the middle of the grid, small but readable."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from topodream.arrays import Bytes, Floats, Indices
from topodream.files.storage import written_whole
from topodream.form import Form
from topodream.grid import Grid
from topodream.pictures.shades import Scale, to_bytes
from topodream.pictures.tiles import tile

UNITS = 10
GREYS, FEW_COLOURS = 16, 64
SEPARATOR = 0.15


def middle(grid: Grid) -> Indices:
    """Return the numbers of at most ``UNITS`` x ``UNITS`` units in the middle: (rows, cols).

    All units of a large map would be specks in a thumbnail.
    """
    top, left = (max(0, (length - UNITS) // 2) for length in (grid.rows, grid.cols))
    numbers = grid.sheet(np.arange(grid.n_units))
    return numbers[top : top + UNITS, left : left + UNITS]


def draw(
    weights: Floats, grid: Grid, form: Form, alive: npt.NDArray[np.bool_] | None = None
) -> Bytes:
    """Draw a thumbnail; one pixel is one weight.

    The scale is that of :func:`topodream.pictures.figures.prototypes`: it ends at the 99.9th
    percentile of the weights of all units, or of signed ones at each unit's largest. Units that
    aren't ``alive``, all are by default, are faint.

    Returns
    -------
    (rows * (height + 1) - 1, cols * (width + 1) - 1)
        Numbers of greys, 0 white, less than ``GREYS``.
    (..., 3)
        Red, green and blue, where prototypes have colours.
    """
    scale, units = Scale.of_prototypes(weights, form, alive), middle(grid)
    shades = scale.shades(weights[units.ravel()], units.ravel())
    between = 1 - SEPARATOR if scale.is_coloured else SEPARATOR
    sheet = tile(shades, units.shape[1], fill=between)[1:-1, 1:-1]
    if scale.is_coloured:
        return to_bytes(sheet)
    levels: Bytes = (sheet * (GREYS - 1)).round().astype(np.uint8)
    return levels


def write(path: Path, drawn: Bytes, note: str) -> None:
    """Write a thumbnail as a PNG of few greys or colours; ``note`` says what made it.

    Greys take four bits per pixel. Colours are the median cut's: all would take three times as much.
    """
    if drawn.ndim == 3:
        image, bits = (
            Image.fromarray(drawn).quantize(
                FEW_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
            ),
            8,
        )
    else:
        image, bits = Image.frombytes("P", drawn.shape[::-1], drawn.tobytes()), 4
        image.putpalette(np.linspace(255, 0, GREYS).round().astype(np.uint8).repeat(3).tobytes())
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", note)
    with written_whole(path) as temporary:
        image.save(temporary, format="PNG", optimize=True, bits=bits, pnginfo=text)
