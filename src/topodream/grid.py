"""Geometry of the sheet that units sit on.

Units are numbered row by row: unit ``i`` is at row ``i // cols``, column ``i % cols``.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices

# A ring of fewer units has no two neighbours for each of them.
LEAST_ROUND = 3

# After how many rows and columns a sheet begins again; None: it has borders.
Period = tuple[int, int] | None


@dataclass(frozen=True)
class Grid:
    """A sheet of ``rows x cols`` units."""

    rows: int
    cols: int

    @property
    def period(self) -> Period:
        """After how many rows and columns it begins again."""
        return None

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return self.rows * self.cols

    def sheet(self, per_unit: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """View values per unit, (..., n_units), as a sheet, (..., rows, cols).

        >>> Grid(2, 3).sheet(np.arange(6))
        array([[0, 1, 2],
               [3, 4, 5]])
        """
        return per_unit.reshape(*per_unit.shape[:-1], self.rows, self.cols)

    def apart(self, one: Indices, other: Indices) -> Indices:
        """Return how many rows and columns units are apart: (..., 2), on a torus the shorter way.

        >>> first, last = np.array([0]), np.array([23])
        >>> Grid(5, 5).apart(first, last), Torus(5, 5).apart(first, last)
        (array([[4, 3]]), array([[1, 2]]))
        """
        places = (np.stack(np.divmod(units, self.cols), axis=-1) for units in (one, other))
        apart: Indices = shorter_way(np.abs(np.subtract(*places)), self.period)
        return apart


@dataclass(frozen=True)
class Torus(Grid):
    """A sheet whose last row touches the first one, and its last column the first one."""

    @property
    def period(self) -> Period:
        """Its rows and columns."""
        return self.rows, self.cols


def shorter_way(apart: npt.NDArray[Any], period: Period) -> npt.NDArray[Any]:
    """Return distances along rows and columns, (..., 2), or the way round where that is shorter."""
    return apart if period is None else np.minimum(apart, period - apart)


def sources(sheet: Floats, edge: str) -> Floats:
    """Values that units pass on to their neighbours.

    Parameters
    ----------
    sheet : (..., rows, cols)
    edge : {"full", "notebook", "wrap"}
        With "notebook" the last row and the last column pass nothing on: the slices
        of the notebook's neighbourhoods end one short of the sheet.
    """
    if edge != "notebook":
        return sheet
    passed_on = np.zeros_like(sheet)
    passed_on[..., :-1, :-1] = sheet[..., :-1, :-1]
    return passed_on


def window_sum(values: Floats, radius: int, axis: int) -> Floats:
    """Sum of the values within ``radius`` along one axis, themselves included.

    >>> window_sum(np.array([1.0, 10.0, 100.0]), radius=1, axis=0)
    array([ 11., 111., 110.])
    """
    axis %= values.ndim
    length, step = values.shape[axis], math.prod(values.shape[axis + 1 :])
    reach = min(radius, length - 1)
    # With zeros after each line, a shift along the axis is one of the whole memory: no short loops.
    shape = (*values.shape[:axis], length + reach, *values.shape[axis + 1 :])
    inside = (*[slice(None)] * axis, slice(length))
    padded = np.zeros(shape, values.dtype)
    padded[inside] = values
    total, heard = padded.copy(), padded.reshape(-1)
    flat = total.reshape(-1)
    for shift in range(step, (reach + 1) * step, step):
        flat[shift:] += heard[:-shift]
        flat[:-shift] += heard[shift:]
    return total[inside]


def neighbour_sum(sheet: Floats, radius: int, edge: str) -> Floats:
    """Sum over each unit's square neighbourhood, the unit itself left out.

    Parameters
    ----------
    sheet : (..., rows, cols)
    radius : int
        Half-width of the neighbourhood, at least 0. With "wrap" it goes on at the opposite border,
        and is no larger than the sheet; else it is cut at the border.
    edge : {"full", "notebook", "wrap"}
        Which units are heard, see :func:`sources`.

    Examples
    --------
    >>> ones = np.ones((3, 3))
    >>> neighbour_sum(ones, radius=1, edge="full")
    array([[3., 5., 3.],
           [5., 8., 5.],
           [3., 5., 3.]])
    >>> neighbour_sum(ones, radius=1, edge="notebook")
    array([[3., 3., 2.],
           [3., 3., 2.],
           [2., 2., 1.]])
    >>> neighbour_sum(ones, radius=1, edge="wrap")
    array([[8., 8., 8.],
           [8., 8., 8.],
           [8., 8., 8.]])
    """
    heard = sources(sheet, edge)
    if edge != "wrap":
        return window_sum(window_sum(heard, radius, -1), radius, -2) - heard
    around = wrapped(heard, radius)
    inside = slice(radius, -radius or None)
    return window_sum(window_sum(around, radius, -1), radius, -2)[..., inside, inside] - heard


def wrapped(sheet: Floats, radius: int) -> Floats:
    """Lay ``radius`` rows and columns of a torus around its sheet once more: (..., rows, cols).

    >>> wrapped(np.array([[1, 2, 3]]), radius=1)
    array([[3, 1, 2, 3, 1],
           [3, 1, 2, 3, 1],
           [3, 1, 2, 3, 1]])
    """
    before = [(0, 0)] * (sheet.ndim - 2)
    return np.pad(sheet, [*before, (radius, radius), (radius, radius)], mode="wrap")
