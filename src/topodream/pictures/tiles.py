"""Images laid out in tiles, one for each unit."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Indices
from topodream.grid import Grid

# Units per row and per column of which lateral weights are drawn, and what the tiles of as many
# units may measure: on a large grid a tile is large, and fewer fit.
MOST_TILES = 20
MOST_PIXELS = 1020


def tile(images: Array, columns: int, gap: int = 1, fill: npt.ArrayLike = np.nan) -> Array:
    """Lay images out row by row, with ``fill`` between and around them.

    Parameters
    ----------
    images : (n_images, height, width) or (n_images, height, width, 3)
    columns : int
        Images per row.
    gap : int
        Pixels between images.
    fill : number, or three

    Returns
    -------
    (rows * (height + gap) + gap, columns * (width + gap) + gap), or as many colours
    """
    count, height, width, *colours = images.shape
    rows = -(-count // columns)
    pitch = height + gap, width + gap
    sheet = np.empty(
        (rows * pitch[0] + gap, columns * pitch[1] + gap, *colours),
        np.result_type(images, *np.ravel(fill).tolist()),
    )
    sheet[:] = fill
    # A view of the sheet but its last gaps, by the places of images.
    inner = sheet[: rows * pitch[0], : columns * pitch[1]]
    places = inner.reshape(rows, pitch[0], columns, pitch[1], *colours).swapaxes(1, 2)
    for row, place in enumerate(places):
        some = images[row * columns : (row + 1) * columns]
        place[: len(some), gap:, gap:] = some
    return sheet


def weight_scale(weights: Array) -> float:
    """Return the weight that is drawn black: the 99.9th percentile of all, above 0.

    The largest would leave the rest white where a few are large.
    """
    return max(float(np.percentile(weights, 99.9)), 1e-12)


def spread_units(grid: Grid) -> tuple[Indices, Indices]:
    """Return the rows and columns of units to draw a tile of: all, or an even choice.

    The choice includes the border. A tile is as large as the grid, see ``MOST_PIXELS``.

    >>> spread_units(Grid(2, 39))[1]
    array([ 0,  2,  4,  6,  8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32,
           34, 36, 38])
    """

    def spread(length: int) -> Indices:
        most = max(2, min(MOST_TILES, MOST_PIXELS // (length + 1)))
        return np.linspace(0, length - 1, min(length, most)).round().astype(np.intp)

    return spread(grid.rows), spread(grid.cols)
