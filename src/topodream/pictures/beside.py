"""What stands beside a map: panels below each other, some of its prototypes, histograms of angles."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from topodream.arrays import Complex, Floats, Integers
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.orientation import windings
from topodream.pictures.canvas import LINE_OF_TEXT, MARGIN, fitted, sheet_axes, sheet_size, words
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import page
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import sheet_of, show

# What the map, and what stands beside it, measure in pixels; and the room between panels and for titles.
MAP, WIDTH, HEIGHT, GAP, TITLE = 720, 270, 720, 22, 22
# The width of panels on paper; where a page is not wide enough for a map and them, they stand below, so
# high.
ON_PAPER, WIDE, BELOW = 218, 700, 430
# How far beside the map panels begin, and the room at their right.
INDENT, RIM = 12, 50
# Units of the part that is shown, along a side, at most.
MOST_UNITS = 6
# More than neighbours can be alike.
BEFORE_ALL = 4 * MOST_UNITS**2
# A line of small letters, and what names beside a circle take.
LINE, ROOM_FOR_NAMES = 18, 34
# What the numbers below a panel take.
TICKS = 18
INK, PALE = "#222222", "#cccccc"
# Points of an arc.
FINE = 100

Part = tuple[slice, slice]


class Panels:
    """Panels below each other; in the first of some columns in which there is room."""

    def __init__(self, figure: Figure, lefts: Sequence[float], top: float, width: int) -> None:
        """Begin with none; columns stand at these places in pixels, and end below."""
        self.figure, self.lefts, self.width = figure, lefts, width
        self.tops = [top] * len(lefts)

    def add(self, height: int, title: str, width: int | None = None, below: int = 0) -> Axes:
        """Return the axes of a further panel, below its title; ``below`` it stands something."""
        title, lines = fitted(title, self.width + (10 if page().is_paper else RIM), "medium")
        above = TITLE + LINE_OF_TEXT * (lines - 1)
        across, high = self.figure.bbox.size
        fitting = [k for k, top in enumerate(self.tops) if top >= above + height + below]
        column = fitting[0] if fitting else len(self.tops) - 1
        left, top = self.lefts[column], self.tops[column] - above
        self.figure.text(left / across, (top + 7) / high, title, color=INK)
        top -= height
        self.tops[column] = top - GAP - below
        box = left / across, top / high, (width or self.width) / across, height / high
        return self.figure.add_axes(box)


def of_map(
    material: Material, shown: str, plot: Callable[[Floats, Form, Grid, str, str], Figure]
) -> Figure:
    """Draw what the units of a map prefer."""
    model = material.model
    weights, surface = weights_of(material), model.experiment.surface
    return plot(weights, model.form, surface, material.title(shown), model.data)


def weights_of(material: Material) -> Floats:
    """Return the prototypes of a map; those that have faded are 0, and prefer nothing."""
    model = material.model
    weights: Floats = np.where(model.kept[:, None], model.trained.weights, 0)
    return weights


def map_axes(grid: Grid, title: str, note: str) -> tuple[Figure, Axes, Panels]:
    """Return a figure for a map, its axes, and panels beside it, none yet; below where it is narrow."""
    cell = max(1, round(MAP / max(grid.rows, grid.cols)))
    if page().across(WIDE) < WIDE:
        return _map_above(grid, title, note, cell)
    width = ON_PAPER if page().is_paper else WIDTH
    # What is as wide as panels is as high, too.
    room = HEIGHT - WIDTH + width, INDENT + width + RIM
    figure, axes, bar = sheet_axes(grid, title, note, lines=3, beside=room, cell=cell)
    panels = Panels(figure, [bar.bbox.x0 + INDENT], bar.bbox.y1, width)
    bar.remove()
    return figure, axes, panels


def _map_above(grid: Grid, title: str, note: str, cell: int) -> tuple[Figure, Axes, Panels]:
    """Return the same with panels below the map, in two columns."""
    left, below = MARGIN["left"], BELOW + MARGIN["bottom"]
    height, width = page().filled(sheet_size(grid, cell), left + RIM)
    across, high = page().across(left + width + RIM), below + height + RIM
    figure = words(title, note, across - left).figure(across, high)
    axes = figure.add_axes((left / across, below / high, width / across, height / high))
    lefts = [across - RIM - 2 * ON_PAPER - GAP, across - RIM - ON_PAPER]
    return figure, axes, Panels(figure, lefts, BELOW, ON_PAPER)


def cell_of(axes: Axes, grid: Grid) -> tuple[float, float]:
    """Return the height and width of a unit in pixels."""
    height, width = size_of(axes)
    return height / grid.rows, width / grid.cols


def size_of(axes: Axes) -> tuple[int, int]:
    """Return the height and width of axes in pixels."""
    width, height = axes.bbox.size
    return round(height), round(width)


def pixels_of(axes: Axes) -> tuple[int, int]:
    """Return the height and width of a picture to be shown on axes, in pixels of its own."""
    width, height = axes.bbox.size * page().finer
    return round(height), round(width)


def show_map(axes: Axes, picture: Floats, grid: Grid) -> None:
    """Show the picture of a map whose units are at whole numbers, its pixels as they are."""
    borders = (-0.5, grid.cols - 0.5, grid.rows - 0.5, -0.5)
    axes.imshow(picture, interpolation="nearest", aspect="auto", extent=borders)


# ------------------------------------------------------------------ a part of the prototypes


def part_of(turned: Complex, grid: Grid, form: Form) -> Part:
    """Return the rows and columns of the part of a map where most can be seen.

    That is where neighbours are alike, but not all: round a pinwheel, if there is one.

    Parameters
    ----------
    turned : (n_units,)
        Preferences; see :func:`topodream.measures.orientation.preferences`.
    grid : Grid
    form : Form
        Of prototypes: of small ones there is room for more.
    """
    fitting = (WIDTH - 1) // (max(form.height, form.width) + 1)
    most = max(1, min(MOST_UNITS, fitting))
    rows, cols = min(most, grid.rows), min(most, grid.cols)
    sheet = grid.sheet(turned)
    along_rows = (sheet[:, 1:] * sheet[:, :-1].conj()).real
    along_cols = (sheet[1:] * sheet[:-1].conj()).real
    alike = _sums(along_rows, rows, cols - 1) + _sums(along_cols, rows - 1, cols)
    scores = alike - 2 * np.abs(_sums(sheet, rows, cols)) ** 2 / (rows * cols)
    if min(rows, cols) > 1:
        # Of the four units in the middle.
        turns = windings(turned, grid)[rows // 2 - 1 :, cols // 2 - 1 :]
        scores = scores + BEFORE_ALL * np.abs(turns[: scores.shape[0], : scores.shape[1]])
    row, col = divmod(int(np.argmax(scores)), grid.cols - cols + 1)
    return slice(row, row + rows), slice(col, col + cols)


def _sums(values: Any, rows: int, cols: int) -> Any:
    """Return the sums of all windows of a sheet, 0 of windows of nothing."""
    if not rows or not cols:
        return 0
    return np.lib.stride_tricks.sliding_window_view(values, (rows, cols)).sum(axis=(2, 3))


def show_part(
    axes: Axes, panels: Panels, weights: Floats, form: Form, grid: Grid, part: Part
) -> None:
    """Show the prototypes of a part of a map in a panel, and its frame on the map."""
    units = grid.sheet(np.arange(grid.n_units))[part]
    some = weights[units.ravel()]
    scale = Scale.of_prototypes(some, form)
    sheet = sheet_of(some, scale, units.shape[1])
    height, width = sheet.shape[:2]
    times = panels.width / max(height, width)
    times = page().enlarged(times) if times > 1 else times
    height, width = (round(times * length) for length in (height, width))
    panel = panels.add(height, "prototypes in the frame", width)
    show(panel, sheet, scale)
    panel.set(xticks=[], yticks=[])
    (top, bottom), (left, right) = ((one.start - 0.5, one.stop - 0.5) for one in part)
    x, y = (left, right, right, left, left), (top, top, bottom, bottom, top)
    for colour, thick in (("black", 3.6), ("white", 1.8)):
        axes.plot(x, y, color=colour, linewidth=thick, clip_on=False)


# ------------------------------------------------------------------ angles


def rose(panel: Axes, counts: Integers, colours: Floats, names: Mapping[int, str]) -> None:
    """Draw how many units there are of each axis: wedges, and the arc on which all would be alike.

    Parameters
    ----------
    panel : Axes
    counts : (n_bins,)
        Bin k is about 180 k / n_bins degrees.
    colours : (n_bins, 3), or (2 n_bins, 3)
        With those of opposite ends, a whole circle is drawn, else half of one.
    names : mapping
        What stands around it, by degrees.
    """
    n_bins, whole = len(counts), len(colours) > len(counts)
    # Areas are counts.
    lengths, even = (np.sqrt(each / max(1, counts.max())) for each in (counts, counts.mean()))
    for place in range(2 * n_bins if whole else n_bins + 1):
        ends = np.clip([place - 0.5, place + 0.5], None if whole else 0, None if whole else n_bins)
        x, y = _arc(lengths[place % n_bins], *(np.pi * ends / n_bins))
        colour = colours[place % len(colours)]
        panel.fill([*x, 0], [*y, 0], color=colour, edgecolor="white", linewidth=0.8)
    turn = 2 * np.pi if whole else np.pi
    panel.plot(*_arc(1, 0, turn), color=PALE, linewidth=1)
    panel.plot(*_arc(float(even), 0, turn), color=INK, linewidth=1, linestyle=(0, (3, 2)))
    for degrees, name in names.items():
        _write_round(panel, math.radians(degrees), name)
    _fit_circle(panel, whole=whole)


def _arc(radius: float, first: float, last: float) -> tuple[Floats, Floats]:
    around = np.linspace(first, last, FINE)
    return radius * np.cos(around), radius * np.sin(around)


def _write_round(panel: Axes, angle: float, name: str) -> None:
    """Write a name at the rim of a circle of radius 1, away from it."""
    x, y = round(math.cos(angle), 9), round(math.sin(angle), 9)
    side: Any = ("right", "center", "left")[int(np.sign(x)) + 1]
    stands: Any = ("top", "center", "bottom")[int(np.sign(y)) + 1]
    panel.text(1.06 * x, 1.06 * y, name, ha=side, va=stands, fontsize="small", color=INK)


def _fit_circle(panel: Axes, *, whole: bool) -> None:
    """Make a circle of radius 1, or its upper half, as large as the names around it let it be."""
    height, width = size_of(panel)
    below = LINE if whole else LINE / 2
    radius = min((height - LINE - below) / (2 if whole else 1), width / 2 - ROOM_FOR_NAMES)
    lowest = -below / radius - (1 if whole else 0)
    across = width / 2 / radius
    panel.set(xlim=(-across, across), ylim=(lowest, lowest + height / radius))
    panel.set_axis_off()
