"""Images laid out in tiles, one for each unit."""

import numpy as np

from topodream.arrays import Array, Indices
from topodream.grid import Grid

# Units per row and per column of which lateral weights are drawn, and what the tiles of as many
# units may measure: on a large grid a tile is large, and fewer fit.
MOST_TILES = 20
MOST_PIXELS = 1020


def tile(images: Array, columns: int, gap: int = 1, fill: float = np.nan) -> Array:
    """Lay images out row by row, with ``fill`` between and around them.

    Parameters
    ----------
    images : (n_images, height, width)
    columns : int
        Images per row.
    gap : int
        Pixels between images.
    fill : float

    Returns
    -------
    (rows * (height + gap) + gap, columns * (width + gap) + gap)
    """
    count, height, width = images.shape
    rows = -(-count // columns)
    shape = (rows * columns, height + gap, width + gap)
    padded = np.full(shape, fill, np.result_type(images, fill))
    padded[:count, gap:, gap:] = images
    by_place = padded.reshape(rows, columns, height + gap, width + gap)
    sheet = by_place.transpose(0, 2, 1, 3).reshape(rows * (height + gap), -1)
    return np.pad(sheet, ((0, gap), (0, gap)), constant_values=fill)


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
