"""Words for what pictures show: how many units, and where they are. For who can't see them."""

import numpy as np
import numpy.typing as npt

from topodream.grid import Grid

# A part of the grid is named where it has that share of the units in question, and that many times
# as many as it would by chance; of fewer units none is.
MOSTLY, MORE, FEW = 0.6, 1.4, 5
ALL_OVER = "all over the grid"
# The border, in words: the outer tenth of rows and columns.
BORDER = 0.1

Units = npt.NDArray[np.bool_]


def where(units: Units, grid: Grid) -> str:
    """Return in which part of the grid units are.

    Parameters
    ----------
    units : (n_units,) bool
    grid : Grid

    Returns
    -------
    str
        Nothing where they are few, or all over.

    Examples
    --------
    >>> grid = Grid(10, 10)
    >>> where(np.arange(100) < 10, grid)
    'mostly at the border'
    >>> where(np.arange(100) % 10 > 5, grid)
    'mostly in the right half'
    >>> where(np.arange(100) % 2 == 0, grid)
    ''
    """
    n_units = np.count_nonzero(units)
    if n_units < FEW:
        return ""
    for part, inside in _parts(grid).items():
        share, expected = inside[units].mean(), inside.mean()
        if share >= MOSTLY and share >= MORE * expected:
            return f"mostly {part}"
    return ""


def behind(said: str) -> str:
    """Return what is said of some units, to put behind them; it may be nothing."""
    return f", {said}" if said else ""


def _parts(grid: Grid) -> dict[str, Units]:
    """Return which units are in a part of the grid; a torus has neither border nor middle."""
    row, col = np.divmod(np.arange(grid.n_units), grid.cols)
    from_rim = np.minimum(
        np.minimum(row, grid.rows - 1 - row) / grid.rows,
        np.minimum(col, grid.cols - 1 - col) / grid.cols,
    )
    about = {"at the border": from_rim < BORDER, "in the middle": from_rim >= 1 / 4}
    halves = {
        "in the upper half": row < grid.rows / 2,
        "in the lower half": row >= grid.rows / 2,
        "in the left half": col < grid.cols / 2,
        "in the right half": col >= grid.cols / 2,
    }
    return halves if grid.period else about | halves


def percent(part: float) -> str:
    """Return a share for readers: what is there is not nothing, what lacks is not all.

    >>> [percent(part) for part in (0.0, 0.001, 0.14, 0.999, 1.0)]
    ['none', 'less than 1 %', '14 %', 'more than 99 %', 'all']
    """
    if part in (0, 1):
        return "none" if part == 0 else "all"
    if part < 0.01:
        return "less than 1 %"
    return "more than 99 %" if part > 0.99 else f"{100 * part:.0f} %"


def of_units(units: Units) -> str:
    """Return how many of all units these are, to begin a sentence with."""
    return f"{percent(units.mean())} of {len(units):,} units".capitalize()
