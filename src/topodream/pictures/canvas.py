"""What figures have in common: their parts, and the room and the words around them."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.blocks import NUMBERS, blocks
from topodream.grid import Grid
from topodream.pictures.figure_parts import (
    Axes,
    Axis,
    Figure,
    FontProperties,
    Legend,
    Normalize,
    RendererAgg,
    colormaps,
)
from topodream.pictures.lettering import wrapped
from topodream.pictures.pages import DPI, page

# Pixels that a picture of tiles aims at, one of a value per unit, and the room around a picture.
PICTURE_SIZE = 900
SHEET_SIZE = 560
MARGIN = {"left": 60, "right": 130, "bottom": 70, "top": 50}
LINE_OF_TEXT, LINE_OF_TITLE = 16, 20
LEAST_WIDTH = 640
# What the shorter side of a picture measures at least: a row of units is no thread. Tiles are
# enlarged for it until the longer side measures that much.
LEAST_SIDE, LEAST_TILED, MOST_TILED = 100, 60, 6000
# A colour bar, with its label beside it, needs more than a thin picture has.
LEAST_BAR, LEAST_BAR_ON_PAPER = 210, 120
SEPARATOR_COLOUR = "#c8d4e6"
REFERENCE_COLOUR = "#666666"
# Two colours that colour-blind people tell apart (Okabe and Ito).
TRAINING_COLOUR, HELD_OUT_COLOUR = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Words:
    """What stands above and below a figure, broken into lines that fit.

    On paper nothing does: it belongs into the caption, and the file keeps it.

    Attributes
    ----------
    title, note : str
    above, below : int
        The pixels that these need beyond a line.
    caption : str
        Both, unbroken.
    """

    title: str
    note: str
    above: int
    below: int
    caption: str

    def figure(self, width: float, height: float, **more: Any) -> Figure:
        """Return a figure of that many pixels, with the caption as its label."""
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, **more)
        figure.set_label(self.caption)
        return figure


def words(
    title: str, note: str, room: float, room_for_note: float | None = None, lines: int = 1
) -> Words:
    """Break a title and a note into lines for the room that they have.

    Parameters
    ----------
    title, note : str
    room : float
        For the title, in pixels.
    room_for_note : float, optional
        Where it has another.
    lines : int
        What the note has at least.
    """
    caption = f"{title}\n{note}"
    if page().is_paper:
        return Words("", "", 0, 0, caption)
    title, title_lines = fitted(title, room, "large")
    note, note_lines = fitted(note, room if room_for_note is None else room_for_note)
    above, below = LINE_OF_TITLE * (title_lines - 1), LINE_OF_TEXT * (max(lines, note_lines) - 1)
    return Words(title, note, above, below, caption)


def exact_axes(
    shape: Sequence[int],
    scale: int,
    title: str,
    note: str,
    lines: int = 1,
    beside: tuple[int, int] = (0, 0),
) -> tuple[Figure, Axes, Axes]:
    """Return a figure whose axes give every pixel of a picture ``scale`` x ``scale`` pixels.

    See :func:`_figure_around`; ``shape`` is (height, width) of the picture.
    """
    return _figure_around((shape[0] * scale, shape[1] * scale), title, note, lines, beside)


def sheet_axes(
    grid: Grid, title: str, note: str, lines: int, beside: tuple[int, int] = (0, 0), cell: int = 0
) -> tuple[Figure, Axes, Axes]:
    """Return a figure for a value per unit, see :func:`_figure_around`."""
    return _figure_around(sheet_size(grid, cell), title, note, lines, beside)


def draw_sheet(axes: Axes, sheet: npt.NDArray[Any], cmap: Any, norm: Normalize) -> Any:
    """Draw a value per unit; return the image, for a colour bar."""
    return axes.imshow(sheet, cmap=cmap, norm=norm, interpolation="nearest", aspect="auto")


def sheet_size(grid: Grid, cell: int = 0) -> tuple[int, int]:
    """Return the height and width of a sheet of values; a unit measures ``cell`` at least.

    Units are squares, but where rows or columns are few: they are stretched.
    """
    scale = max(_enlargement((grid.rows, grid.cols), SHEET_SIZE), cell)
    height, width = (
        length * max(scale, math.ceil(LEAST_SIDE / length)) for length in (grid.rows, grid.cols)
    )
    return height, width


def _figure_around(
    size: tuple[int, int], title: str, note: str, lines: int, beside: tuple[int, int] = (0, 0)
) -> tuple[Figure, Axes, Axes]:
    """Return a figure around a picture that measures so many pixels.

    Parameters
    ----------
    size : (height, width) of the picture
        On paper it is as large as the page lets it be.
    title, note : str
        Stand above and below, on as many lines as they need.
    lines : int
        Lines of text to leave room for below, at least.
    beside : (height, width)
        What stands at its right needs that much, if it is more than a colour bar needs.

    Returns
    -------
    figure : Figure
    axes : Axes
        For the picture.
    bar : Axes
        Beside it, for a colour bar.
    """
    around = MARGIN["left"] + max(MARGIN["right"], beside[1])
    height, width = page().filled(size, around)
    high = max(height, beside[0], LEAST_BAR_ON_PAPER if page().is_paper else LEAST_BAR)
    total_width = page().across(max(around + width, LEAST_WIDTH))
    said = words(title, note, total_width - MARGIN["left"], lines=lines)
    bottom, top = MARGIN["bottom"] + said.below, MARGIN["top"] + said.above
    total_height = bottom + high + top
    figure = said.figure(total_width, total_height)

    def box(left: float, width: float, height: float) -> tuple[float, float, float, float]:
        from_bottom = total_height - top - height
        return (
            left / total_width, from_bottom / total_height,
            width / total_width, height / total_height,
        )  # fmt: skip

    axes = figure.add_axes(box(MARGIN["left"], width, height))
    axes.set_title(said.title, loc="left")
    bar = figure.add_axes(box(MARGIN["left"] + width + 20, 18, high))
    name_data(figure, said.note)
    return figure, axes, bar


def _enlargement(shape: Sequence[int], size: int) -> int:
    """Return how many pixels a pixel of a picture measures that aims at a size."""
    return max(1, round(size / max(shape)))


def tiled(shape: Sequence[int]) -> int:
    """Return how many pixels a pixel of tiles measures: more where the picture is thin."""
    enough = min(math.ceil(LEAST_TILED / min(shape)), MOST_TILED // max(shape))
    return max(_enlargement(shape, PICTURE_SIZE), enough)


def show_in_strips(axes: Axes, picture: npt.NDArray[Any], colours: Any, scale: Normalize) -> None:
    """Show a large picture as images one below the other, each of some rows.

    Matplotlib takes a hundred bytes for each pixel of the image that it draws.

    Parameters
    ----------
    axes : Axes
    picture : (height, width), or (height, width, 3) uint8
        Values; or colours, which need neither of the following.
    colours, scale
        Of values.
    """
    height, width = picture.shape[:2]
    for rows in blocks((height, width), NUMBERS // 8):
        axes.imshow(
            picture[rows], cmap=colours, norm=scale, interpolation="nearest",
            extent=(-0.5, width - 0.5, rows.stop - 0.5, rows.start - 0.5),
        )  # fmt: skip
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def greys() -> Any:
    """Return colours from white to black; what is between tiles is blue."""
    return colormaps["Greys"].with_extremes(bad=SEPARATOR_COLOUR)


def about_zero(values: Floats, percentile: float) -> Normalize:
    """Return a scale symmetric about 0 that ends at a percentile of what is not 0."""
    sizes = np.abs(values[values != 0])
    end = float(np.percentile(sizes, percentile)) if sizes.size else 1.0
    return Normalize(-end, end)


def widen_for_labels(figure: Figure) -> None:
    """Give the labels at the left the room that they lack; on paper all is fitted in the end."""
    if page().is_paper:
        return
    boxes = [axes.yaxis.get_tightbbox(_agg()) for axes in figure.axes]
    lacking = max(0, *(math.ceil(4 - box.x0) for box in boxes if box is not None))
    before = figure.get_figwidth() * DPI
    after = before + lacking
    figure.set_figwidth(after / DPI)
    for axes in figure.axes if lacking else []:
        left, bottom, width, height = axes.get_position().bounds
        left, width = (left * before + lacking) / after, width * before / after
        axes.set_position((left, bottom, width, height))


def unit_ticks(axes: Axes, grid: Grid, pitch: tuple[int, int] = (1, 1)) -> None:
    """Write the numbers of units, each ``pitch`` pixels of the picture high and wide."""
    write_numbers(axes.yaxis, np.arange(grid.rows), pitch[0])
    write_numbers(axes.xaxis, np.arange(grid.cols), pitch[1])
    axes.set(xlabel="unit column", ylabel="unit row")


def write_numbers(
    axis: Axis, numbers: Sequence[Any] | Indices, pitch: int, first: float = 0
) -> None:
    """Write the numbers of what stands along an axis, of some as few as have room.

    Each is ``pitch`` pixels of the picture long; the first begins at pixel ``first``.
    """
    names = [str(number) for number in numbers]
    along_x = axis is axis.axes.xaxis
    pixels = float(axis.axes.bbox.size[0 if along_x else 1])
    extent = abs(float(np.diff(axis.get_view_interval())[0]))
    needed = max(text_width(name, "medium") for name in names) + 6 if along_x else 18
    every = max(1, len(names) // 8, math.ceil(needed / (pitch * pixels / extent)))
    places = range(0, len(names), every)
    axis.set_ticks(
        [first + (place + 0.5) * pitch - 0.5 for place in places], [names[p] for p in places]
    )


def name_data(figure: Figure, text: str) -> None:
    """Write a note below a figure, at its left: of which data it is."""
    figure.text(
        MARGIN["left"] / DPI / figure.get_figwidth(), 10 / DPI / figure.get_figheight(), text,
        fontsize="small",
    )  # fmt: skip


def fitted(text: str, room: float, size: str = "small") -> tuple[str, int]:
    """Break a text to fit into some pixels; return it and how many lines it has.

    A rim stays free.
    """
    lines = wrapped(text, room - 10, lambda line: text_width(line, size))
    return "\n".join(lines), len(lines)


def text_width(text: str, size: str) -> float:
    """Return the width of a line in pixels, in a font size of Matplotlib's."""
    measure: Any = _agg().get_text_width_height_descent
    return float(measure(text, FontProperties(size=size), ismath=False)[0])


def points_of(size: str) -> float:
    """Return how many points a font size of Matplotlib's has."""
    return float(FontProperties(size=size).get_size_in_points())


def size_of(legend: Legend) -> tuple[int, int]:
    """Return the width and height of a legend in pixels."""
    width, height = legend.get_window_extent(_agg()).size
    return math.ceil(width), math.ceil(height)


@functools.cache
def _agg() -> RendererAgg:
    """Return what measures texts as they are drawn in the end."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]
