"""The class that each unit stands for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.grid import Grid
from topodream.measures.order import among, neighbour_pairs
from topodream.pictures.canvas import draw_sheet, sheet_axes, sheet_size, size_of, unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import (
    Axes,
    Figure,
    ListedColormap,
    Normalize,
    Outline,
    Patch,
    TextPath,
    colormaps,
    to_rgb,
)
from topodream.pictures.pages import DPI, page
from topodream.pictures.whereabouts import of_units, percent

# What a unit measures at least with its class written into it, by digits; no picture gets longer
# than that for it.
CLASS_CELLS = {1: 12, 2: 14, 3: 19}
MOST_WRITTEN = 4000
LINE_OF_LEGEND = 21
# Ten that are told apart by people who confuse red with green, too, and in grey, as far as ten can
# be; none is as light as a unit of no class.
CLASS_COLOURS = (
    "#1e919c", "#f9ce48", "#930e4d", "#9fc4f6", "#5e4d98",
    "#fd9269", "#577e00", "#daedc1", "#473c03", "#b186ff",
)  # fmt: skip


def draw(material: Material) -> Figure:
    """Draw the class that each unit stands for."""
    experiment, train = material.model.experiment, material.data.train
    found = material.labelling
    every = "all" if found.n_samples == len(train.pixels) else "the first"
    note = (
        f"The class of which a unit wins most of {every} {found.n_samples:,} training samples; white: "
        f"of none.\n{100 * found.purity:.1f} % of wins are of the unit's class. Data: {material.model.data}."
    )
    title = material.title("labels of units")
    names = material.data.classes
    return plot(found.winners, found.classes, experiment.grid, title, note, names)


def layer(material: Material) -> Floats:
    """Return the class that each unit stands for, NaN where it is none."""
    return material.labelling.labels


def in_words(material: Material) -> str:
    """Say how many units stand for a class, for which most do, and whether neighbours agree."""
    grid = material.model.experiment.surface
    labels = layer(material)
    known = np.isfinite(labels)
    said = f"{of_units(known)} stand for a class"
    if not known.any():
        return f"{said}."
    classes, numbers = np.unique(labels[known].astype(int), return_counts=True)
    names = [_name(material, label) for label in classes]
    most, least = numbers.argmax(), numbers.argmin()
    one, other = among(neighbour_pairs(grid), known)
    alike = percent((labels[one] == labels[other]).mean()) if len(one) else ""
    agree = f"{alike} of neighbours agree.".capitalize() if alike else ""
    return (
        f"{said}: most for {names[most]} ({numbers[most]}), fewest for {names[least]} "
        f"({numbers[least]}). {agree}".rstrip()
    )


def _name(material: Material, label: int) -> str:
    """Return what a class is called."""
    names = material.data.classes
    return names[label] if names else str(label)


def plot(
    winners: Indices,
    classes: npt.NDArray[np.uint8],
    grid: Grid,
    title: str,
    note: str,
    names: Sequence[str] = (),
) -> Figure:
    """Draw the class that each unit stands for, in a colour of its own and written into it.

    Of more classes than anyone tells apart by colour, colours are used again. On a map whose
    picture would get too large there are colours alone.

    Parameters
    ----------
    winners : (n_units,)
        Positions in ``classes``; -1, drawn white, for a unit of no class.
    classes : (n_classes,)
        The labels.
    note : str
        Stands below: what the labels were found by.
    names : sequence of str
        The names of classes by their labels, if they have any.
    """
    colours, cell = _class_colours(classes, grid)
    said = [_named(label, names, written=cell > 0) for label in classes.tolist()]
    patches = [Patch(color=colour, label=text) for colour, text in zip(colours, said, strict=True)]
    never = Patch(facecolor="white", edgecolor="black", label="none")
    key, beside = _class_key([*patches, never], grid, cell)
    figure, axes, legend = sheet_axes(grid, title, note, lines=2, beside=beside, cell=cell)
    sheet = np.ma.masked_less(grid.sheet(winners), 0)
    draw_sheet(axes, sheet, ListedColormap(colours), Normalize(-0.5, len(classes) - 0.5))
    if cell:
        _write_classes(axes, grid.sheet(winners), classes, colours)
    legend.set_axis_off()
    legend.legend(bbox_to_anchor=(0, 1), **key)
    unit_ticks(axes, grid)
    return figure


def _named(label: int, names: Sequence[str], *, written: bool) -> str:
    """Return what the legend calls a class: its name, after its number where units have that."""
    parts = [str(label)] if written or not names else []
    return " ".join([*parts, *names[label : label + 1]])


def _class_colours(classes: npt.NDArray[np.uint8], grid: Grid) -> tuple[Any, int]:
    """Return the colours of classes, and pixels for a unit to have its class in it, else 0."""
    count, cell = len(classes), CLASS_CELLS[len(str(classes.max()))]
    is_written = cell * max(grid.rows, grid.cols) <= MOST_WRITTEN
    if count > len(CLASS_COLOURS) and not is_written:
        return colormaps["turbo"](np.linspace(0, 1, count)), 0
    colours = [CLASS_COLOURS[place % len(CLASS_COLOURS)] for place in range(count)]
    return colours, cell if is_written else 0


def _class_key(
    handles: list[Patch], grid: Grid, cell: int
) -> tuple[dict[str, Any], tuple[int, int]]:
    """Return how the legend of classes is drawn, in columns, and its size in pixels."""
    height, _ = sheet_size(grid, cell)
    # The ten classes that stay in one column, "none" among them, and the title above.
    rows = max(len(CLASS_COLOURS) + 1, height // LINE_OF_LEGEND - 1)
    key: dict[str, Any] = {
        "handles": handles, "title": "class", "loc": "upper left", "borderaxespad": 0,
        "frameon": False, "handlelength": 1.4, "ncols": -(-len(handles) // rows),
    }  # fmt: skip
    width, height = size_of(Figure(dpi=DPI).legend(**key))
    return key, (height, 20 + width + 10)


def _write_classes(
    axes: Axes, sheet: Indices, classes: npt.NDArray[np.uint8], colours: Sequence[str]
) -> None:
    """Write into each unit its class, black or white, whichever is seen better."""
    wide, high = axes.bbox.width / sheet.shape[1], axes.bbox.height / sheet.shape[0]
    # A digit is 0.64 of the font's size wide; a rim is left free.
    points = min(12, 0.8 * min(wide / len(str(classes.max())) / 0.64, high) * 72 / DPI)
    if points < page().smallest:
        return
    for place, label in enumerate(classes):
        y, x = np.nonzero(sheet == place)
        ink = "white" if _luminance(colours[place]) < 0.18 else "black"
        if page().is_paper:
            for at in zip(x.tolist(), y.tolist(), strict=True):
                axes.text(
                    *at, str(label), color=ink, fontsize=min(points, page().largest),
                    ha="center", va="center_baseline", clip_on=True,
                )  # fmt: skip
            continue
        outline = _centred(TextPath((0, 0), str(label), size=points))
        # Matplotlib makes the farthest point of a marker half its size.
        size = 2 * float(np.abs(np.asarray(outline.vertices)).max())
        axes.plot(x, y, linestyle="", marker=outline, markersize=size, markeredgewidth=0, color=ink)


def _centred(outline: Outline) -> Outline:
    points = np.asarray(outline.vertices)
    return Outline(points - (points.min(axis=0) + points.max(axis=0)) / 2, outline.codes)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, in [0, 1], as WCAG 2 defines it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
