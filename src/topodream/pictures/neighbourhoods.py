"""Neighbourhoods: what single units hear of those around them, large, with its numbers.

For lateral weights that are fixed: they are alike all over the map, but at its border.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topodream.arrays import Floats, Indices
from topodream.grid import Grid
from topodream.pictures.canvas import (
    LINE_OF_TEXT,
    MARGIN,
    about_zero,
    name_data,
    points_of,
    text_width,
    words,
    write_numbers,
)
from topodream.pictures.drawing import Material
from topodream.pictures.effects import reds_and_blues, signed_bar
from topodream.pictures.figure_parts import Axes, Figure, Normalize
from topodream.pictures.pages import DPI, page

# In pixels: a neighbourhood, what is between two, what stands above and below each besides the
# title and the note, and the least that a unit measures beside the number written into it. On paper a
# neighbourhood has, with what is beside it, that much at least.
SIDE, BETWEEN, ABOVE, BELOW, RIM_OF_NUMBERS, LEAST_PITCH = 300, 70, 20, 74, 6, 180
# Sizes of letters for numbers in units.
SIZES = ("small", "x-small")
# Units that are shown beyond those that are heard, on each side.
RIM = 1
# Where units aren't: outside of the map.
OUTSIDE = -1
OUTSIDE_COLOUR = "#d4d4d4"


@dataclass(frozen=True)
class Neighbourhood:
    """A part of a map, around a unit.

    Attributes
    ----------
    place : (row, column)
        Of the unit.
    rows, cols : (n_rows,), (n_cols,) int
        Which rows and columns are shown; a torus goes on at the opposite border, elsewhere
        ``OUTSIDE`` stands for what lies beyond it.
    weights : (n_rows, n_cols)
        What the unit hears of each unit, NaN outside of the map.
    """

    place: tuple[int, int]
    rows: Indices
    cols: Indices
    weights: Floats


def draw(name: str, material: Material) -> Figure:
    """Draw neighbourhoods by lateral weights of a name."""
    surface = material.model.experiment.surface
    (lateral,) = (found for found in material.lateral if found.name == name)
    places = [(surface.rows // 2, surface.cols // 2), (0, 0), (surface.rows - 1, surface.cols - 1)]
    places = list(dict.fromkeys(places))
    units = np.array([row * surface.cols + col for row, col in places])
    found = around(lateral.effects(units), places, surface)
    return plot(found, surface, material.title(lateral.title), material.model.data)


def around(effects: Floats, places: list[tuple[int, int]], surface: Grid) -> list[Neighbourhood]:
    """Return the neighbourhoods of units, as far as one of them hears others.

    Parameters
    ----------
    effects : (n_shown, n_units)
        What these units hear of all.
    places : list of (row, column)
        Where these units are.
    surface : Grid
    """
    units = np.array([row * surface.cols + col for row, col in places])
    reach = [
        surface.apart(unit[None], np.flatnonzero(heard)).max(initial=0)
        for unit, heard in zip(units, effects, strict=True)
    ]
    apart = np.arange(-max(reach) - RIM, max(reach) + RIM + 1)
    found = []
    for heard, (row, col) in zip(effects, places, strict=True):
        rows = _shown(row + apart, surface.rows, wraps=surface.period is not None)
        cols = _shown(col + apart, surface.cols, wraps=surface.period is not None)
        inside = (rows != OUTSIDE)[:, None] & (cols != OUTSIDE)
        weights = np.where(inside, surface.sheet(heard)[np.ix_(rows, cols)], np.nan)
        found.append(Neighbourhood((row, col), rows, cols, weights))
    return found


def _shown(numbers: Indices, length: int, *, wraps: bool) -> Indices:
    """Return which of all rows these are, each once on a torus; or columns.

    >>> _shown(np.arange(-1, 2), 4, wraps=True), _shown(np.arange(-1, 2), 4, wraps=False)
    (array([3, 0, 1]), array([-1,  0,  1]))
    """
    if not wraps:
        return np.where((numbers >= 0) & (numbers < length), numbers, OUTSIDE)
    beyond = max(0, len(numbers) - length)
    return numbers[beyond // 2 : len(numbers) - (beyond + 1) // 2] % length


def plot(found: list[Neighbourhood], surface: Grid, title: str, data: str) -> Figure:
    """Draw neighbourhoods side by side."""
    weights = np.concatenate([each.weights.ravel() for each in found])
    weights = weights[np.isfinite(weights)]
    note = f"What the unit at the dot hears of each unit around it; white: nothing.{_edges(found)}"
    figure, panels, bar = _panels(len(found), title, f"{note}\nData: {data}.")
    scale = about_zero(weights, 100)
    for axes, each in zip(panels, found, strict=True):
        image = axes.imshow(
            each.weights,
            cmap=reds_and_blues(OUTSIDE_COLOUR),
            norm=scale,
            interpolation="nearest",
            aspect="auto",
        )
        _write_weights(axes, each, scale)
        _draw_edges(axes, each, surface)
        _name_units(axes, each)
    signed_bar(figure, image, bar, weights)
    return figure


def _edges(found: list[Neighbourhood]) -> str:
    """Return in words what is drawn where the map ends, if that is shown."""
    outside = any((each.rows == OUTSIDE).any() or (each.cols == OUTSIDE).any() for each in found)
    seam = any(_seams(numbers) for each in found for numbers in (each.rows, each.cols))
    said = [" Grey: outside of the map."] * outside + [" Dashed: opposite borders touch."] * seam
    return "".join(said)


def _seams(numbers: Indices) -> list[int]:
    """Return after how many rows, or columns, those of the opposite border follow.

    >>> _seams(np.array([3, 0, 1])), _seams(np.array([OUTSIDE, 0, 1]))
    ([1], [])
    """
    follows = (np.diff(numbers) != 1) & (numbers[1:] != OUTSIDE) & (numbers[:-1] != OUTSIDE)
    return (np.flatnonzero(follows) + 1).tolist()


def _ends(numbers: Indices, length: int) -> list[float]:
    """Return where rows, or columns, are the first or the last of a map.

    >>> _ends(np.array([OUTSIDE, 0, 1, 2]), 3)
    [0.5, 3.5]
    """
    ends = [*(np.flatnonzero(numbers == 0) - 0.5), *(np.flatnonzero(numbers == length - 1) + 0.5)]
    return [float(end) for end in ends]


def _panels(count: int, title: str, note: str) -> tuple[Figure, list[Axes], Axes]:
    """Return a figure, its panels from left to right, and axes for a colour bar."""
    left, around = MARGIN["left"], MARGIN["left"] + MARGIN["right"] - BETWEEN
    wanted = page().across(around + count * (SIDE + BETWEEN)) - around
    columns = min(count, int(wanted // LEAST_PITCH))
    rows = -(-count // columns)
    side = min(SIDE, wanted / columns - BETWEEN)
    width = page().across(max(around + columns * (side + BETWEEN), left + 2 * SIDE))
    said = words(title, note, width - left)
    below, pitch = BELOW + LINE_OF_TEXT + said.below, side + BELOW + ABOVE
    height = below + side + (rows - 1) * pitch + ABOVE + MARGIN["top"] + said.above
    figure = said.figure(width, height)
    panels = []
    for place in range(count):
        row, column = divmod(place, columns)
        at = left + column * (side + BETWEEN), below + (rows - 1 - row) * pitch
        panels.append(figure.add_axes((at[0] / width, at[1] / height, side / width, side / height)))
    right = left + columns * (side + BETWEEN) - BETWEEN
    high = side + (rows - 1) * pitch
    # What stands below the last may be wider than it.
    right += BETWEEN / 2 if page().is_paper else 20
    bar = figure.add_axes((right / width, below / height, 18 / width, high / height))
    figure.text(
        left / width, 1 - 14 / height, said.title, fontsize="large", verticalalignment="top"
    )
    name_data(figure, said.note)
    return figure, panels, bar


def _write_weights(axes: Axes, shown: Neighbourhood, scale: Normalize) -> None:
    """Write into each unit what is heard of it, where there is room for that."""
    heard = np.argwhere(np.nan_to_num(shown.weights) != 0)
    names = [f"{shown.weights[row, col]:.2g}" for row, col in heard]
    side = round(axes.bbox.height)
    room = min(side / length for length in shown.weights.shape) - RIM_OF_NUMBERS
    legible = [size for size in SIZES if points_of(size) >= page().smallest]
    sizes = [
        size for size in legible if max((text_width(n, size) for n in names), default=0) <= room
    ]
    for (row, col), name in zip(heard, names, strict=True) if sizes else ():
        # Both ends of the colours are dark.
        ink = "white" if abs(scale(shown.weights[row, col]) - 0.5) > 0.3 else "black"
        axes.text(col, row, name, color=ink, fontsize=sizes[0], ha="center", va="center")


def _draw_edges(axes: Axes, shown: Neighbourhood, surface: Grid) -> None:
    """Mark the unit, and where the map ends or goes on at the opposite border."""
    rows, cols = (np.flatnonzero(numbers != OUTSIDE) for numbers in (shown.rows, shown.cols))
    top, bottom, left, right = rows[0] - 0.5, rows[-1] + 0.5, cols[0] - 0.5, cols[-1] + 0.5
    thin: dict[str, Any] = {"colors": "#dddddd", "linewidth": 0.6}
    border: dict[str, Any] = {"colors": "black", "linewidth": 2}
    seam: dict[str, Any] = {**border, "linestyle": "--"}
    axes.hlines(np.arange(top + 1, bottom), left, right, **thin)
    axes.vlines(np.arange(left + 1, right), top, bottom, **thin)
    if surface.period is None:
        axes.hlines(_ends(shown.rows, surface.rows), left, right, **border)
        axes.vlines(_ends(shown.cols, surface.cols), top, bottom, **border)
    axes.hlines(np.array(_seams(shown.rows)) - 0.5, left, right, **seam)
    axes.vlines(np.array(_seams(shown.cols)) - 0.5, top, bottom, **seam)
    (row,), (col,) = (
        np.flatnonzero(numbers == number)
        for numbers, number in zip((shown.rows, shown.cols), shown.place, strict=True)
    )
    size = max(3, 0.3 * round(axes.bbox.height) / max(shown.weights.shape) * 72 / DPI)
    axes.plot(col, row, "o", color="black", markersize=size)


def _name_units(axes: Axes, shown: Neighbourhood) -> None:
    """Write which units are shown, and how much of them the one at the dot hears."""
    for axis, numbers in ((axes.yaxis, shown.rows), (axes.xaxis, shown.cols)):
        inside = np.flatnonzero(numbers != OUTSIDE)
        write_numbers(axis, numbers[inside], 1, first=inside[0])
    weights = np.nan_to_num(shown.weights)
    count = np.count_nonzero(weights)
    said = f"hears {count} unit{'' if count == 1 else 's'}, {weights.sum():.3g} in all"
    axes.set_title("unit {}, {}".format(*shown.place), fontsize="medium")
    axes.set(xlabel=f"unit column\n{said}", ylabel="unit row")
