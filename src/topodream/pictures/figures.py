"""The still pictures of a map and its data.

Each function returns a Matplotlib figure; :func:`save` writes it with what made it.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.blocks import NUMBERS, blocks
from topodream.data.samples import Samples
from topodream.files.storage import written_whole
from topodream.grid import Floats, Grid
from topodream.pictures.figure_parts import (
    Axes,
    Axis,
    Figure,
    FontProperties,
    Legend,
    ListedColormap,
    LogNorm,
    MaxNLocator,
    Normalize,
    Outline,
    Patch,
    RendererAgg,
    ScalarMappable,
    TextPath,
    colormaps,
    to_rgb,
)
from topodream.pictures.lettering import wrapped
from topodream.pictures.tiles import Indices, tile, weight_scale

DPI = 100
# Pixels that a picture of tiles aims at, one of a value per unit, one of a matrix of several, and
# the room around a picture.
PICTURE_SIZE = 900
SHEET_SIZE = 560
MATRIX_SIZE = 400
MARGIN = {"left": 60, "right": 130, "bottom": 70, "top": 50}
LINE_OF_TEXT, LINE_OF_TITLE, LINE_OF_LEGEND = 16, 20, 21
LEAST_WIDTH = 640
# What the shorter side of a picture measures at least: a row of units is no thread. Tiles are
# enlarged for it until the longer side measures that much.
LEAST_SIDE, LEAST_TILED, MOST_TILED = 100, 60, 6000
# A colour bar, with its label beside it, needs more than a thin picture has.
LEAST_BAR = 210
# Grids longer than that many times their width have tiles one below, or beside, the other.
THIN = 4
# What a unit measures at least with its class written into it, by digits; no picture gets longer
# than that for it.
CLASS_CELLS = {1: 12, 2: 14, 3: 19}
MOST_WRITTEN = 4000
SEPARATOR_COLOUR = "#c8d4e6"
# Pixels that a unit has to measure in a tile for a dot to mark it.
LEAST_MARKED = 3
# Between tiles of red and blue.
NEUTRAL_SEPARATOR_COLOUR = "#9a9a9a"
REFERENCE_COLOUR = "#666666"
# Two colours that colour-blind people tell apart (Okabe and Ito).
TRAINING_COLOUR, HELD_OUT_COLOUR = "#0072b2", "#d55e00"
# Ten that they tell apart, from Petroff (2021), "Accessible color sequences for data
# visualization", arXiv:2107.02270.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip


def save(figure: Figure, path: Path, note: str) -> None:
    """Write a figure as PNG; ``note`` says inside the file what made it."""
    with written_whole(path) as temporary:
        metadata = {"Software": None, "Description": note}
        figure.savefig(temporary, format="png", dpi=figure.dpi, metadata=metadata)


def prototypes(
    weights: Floats, image_shape: tuple[int, int], grid: Grid, title: str, data: str
) -> Figure:
    """Draw every unit's prototype at its place on the grid, all on one scale.

    The scale ends at the 99.9th percentile of all weights, or a few large ones would
    leave the rest white.
    """
    height, width = image_shape
    picture = tile(weights.reshape(-1, height, width), grid.cols)
    scale = Normalize(0, weight_scale(weights))
    note = f"Learnt from {data}. Scale: 0 to the 99.9th percentile."
    figure, axes, bar = _exact_axes(picture.shape, _tiled(picture.shape), title, note)
    _show_in_strips(axes, picture, _greys(), scale)
    figure.colorbar(ScalarMappable(scale, _greys()), cax=bar, extend="max", label="weight")
    _unit_ticks(axes, grid, (height + 1, width + 1))
    return figure


def hit_map(wins: npt.NDArray[np.int64], grid: Grid, title: str, data: str) -> Figure:
    """Draw how often each unit won, on a logarithmic scale; white units never did."""
    dead = 100 * float(np.mean(wins == 0))
    note = f"White: never won ({dead:.1f} % of units).\nData: {data}."
    figure, axes, bar = _sheet_axes(grid, title, note, lines=2)
    sheet = np.ma.masked_equal(grid.sheet(wins), 0)
    # Over a decade at least, or the ticks of its parts are written out.
    scale = LogNorm(1, max(int(wins.max()), 10))
    image = _draw_sheet(axes, sheet, "viridis", scale)
    figure.colorbar(image, cax=bar, label="wins in the last epoch")
    _unit_ticks(axes, grid)
    return figure


def u_matrix(distances: Floats, grid: Grid, title: str, data: str) -> Figure:
    """Draw how much each unit's prototype differs from its neighbours'.

    Parameters
    ----------
    distances : (n_units,)
        See :func:`topodream.pictures.sheets.neighbour_distances`; NaN, no neighbour, is white.
    """
    note = (
        "Distance: 1 - correlation of two prototypes. 0: the same pattern, 1: unrelated; a constant\n"
        f"prototype is at 1 from any. Scale: 1st to 99th percentile.\nData: {data}."
    )
    figure, axes, bar = _sheet_axes(grid, title, note, lines=3)
    # A few units without pattern would leave the rest in one colour.
    ends = np.nanpercentile(distances, (1, 99)) if np.isfinite(distances).any() else (0, 1)
    scale = Normalize(*ends)
    image = _draw_sheet(axes, grid.sheet(distances), "cividis", scale)
    figure.colorbar(image, cax=bar, extend="both", label="mean distance to touching units")
    _unit_ticks(axes, grid)
    return figure


def label_map(
    winners: Indices, classes: npt.NDArray[np.uint8], grid: Grid, title: str, note: str
) -> Figure:
    """Draw the class that each unit stands for, in a colour of its own.

    Of more classes than anyone tells apart by colour, colours are used again, and each unit has
    its class written into it.

    Parameters
    ----------
    winners : (n_units,)
        Positions in ``classes``; -1, drawn white, for a unit of no class.
    classes : (n_classes,)
        The labels.
    note : str
        Stands below: what the labels were found by.
    """
    colours, cell = _class_colours(classes, grid)
    patches = [
        Patch(color=colour, label=str(label))
        for colour, label in zip(colours, classes, strict=True)
    ]
    never = Patch(facecolor="white", edgecolor="black", label="none")
    key, beside = _class_key([*patches, never], grid, cell)
    figure, axes, legend = _sheet_axes(grid, title, note, lines=2, beside=beside, cell=cell)
    sheet = np.ma.masked_less(grid.sheet(winners), 0)
    _draw_sheet(axes, sheet, ListedColormap(colours), Normalize(-0.5, len(classes) - 0.5))
    if cell:
        _write_classes(axes, grid.sheet(winners), classes, colours)
    legend.set_axis_off()
    legend.legend(bbox_to_anchor=(0, 1), **key)
    _unit_ticks(axes, grid)
    return figure


def _class_colours(classes: npt.NDArray[np.uint8], grid: Grid) -> tuple[Any, int]:
    """Return the colours of classes, and pixels for a unit to have its class in it, else 0."""
    count = len(classes)
    if count <= len(CLASS_COLOURS):
        return CLASS_COLOURS[:count], 0
    cell = CLASS_CELLS[len(str(classes.max()))]
    if cell * max(grid.rows, grid.cols) > MOST_WRITTEN:
        return colormaps["turbo"](np.linspace(0, 1, count)), 0
    return [CLASS_COLOURS[place % len(CLASS_COLOURS)] for place in range(count)], cell


def _class_key(
    handles: list[Patch], grid: Grid, cell: int
) -> tuple[dict[str, Any], tuple[int, int]]:
    """Return how the legend of classes is drawn, in columns, and its size in pixels."""
    height, _ = _sheet_size(grid, cell)
    # The ten classes that stay in one column, "none" among them, and the title above.
    rows = max(len(CLASS_COLOURS) + 1, height // LINE_OF_LEGEND - 1)
    key: dict[str, Any] = {
        "handles": handles, "title": "class", "loc": "upper left", "borderaxespad": 0,
        "frameon": False, "handlelength": 1.4, "ncols": -(-len(handles) // rows),
    }  # fmt: skip
    width, height = size_of(Figure(dpi=DPI).legend(**key))
    return key, (height, 20 + width + 10)


def size_of(legend: Legend) -> tuple[int, int]:
    """Return the width and height of a legend in pixels."""
    width, height = legend.get_window_extent(_agg()).size
    return math.ceil(width), math.ceil(height)


def _write_classes(
    axes: Axes, sheet: Indices, classes: npt.NDArray[np.uint8], colours: Sequence[str]
) -> None:
    """Write into each unit its class, black or white, whichever is seen better."""
    wide, high = axes.bbox.width / sheet.shape[1], axes.bbox.height / sheet.shape[0]
    # A digit is 0.64 of the font's size wide; a rim is left free.
    points = min(12, 0.8 * min(wide / len(str(classes.max())) / 0.64, high) * 72 / DPI)
    for place, label in enumerate(classes):
        y, x = np.nonzero(sheet == place)
        ink = "white" if _luminance(colours[place]) < 0.18 else "black"
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


def lateral_tiles(
    effects: Floats, shown: tuple[Indices, Indices], grid: Grid, title: str, data: str
) -> Figure:
    """Draw what units hear of all others: a tile for each, at its place on the grid.

    Parameters
    ----------
    effects : (n_rows_shown * n_cols_shown, n_units)
        The lateral weights of the units shown, row by row: above 0 what excites them,
        below 0 what inhibits them.
    shown : (n_rows_shown,), (n_cols_shown,)
        The rows and the columns of these units.
    """
    rows, cols = shown
    columns = _columns_of_tiles(grid, shown)
    picture = tile(grid.sheet(effects), columns)
    complete = len(effects) == grid.n_units
    enlarged = _tiled(picture.shape)
    marked = enlarged >= LEAST_MARKED
    which = "each unit" if complete else f"{len(rows)} x {len(cols)} units, evenly chosen"
    ends = "to the 99.9th percentile of weights but 0" if effects.any() else "none, all are 0"
    note = (
        f"A tile for {which}: the whole grid, as far as it excites (red) or inhibits (blue) the "
        f"unit{', which is at the dot' if marked else ''}.\nScale: {ends}.\nData: {data}."
    )
    figure, axes, bar = _exact_axes(picture.shape, enlarged, title, note, lines=3)
    scale = _about_zero(effects, 99.9)
    image = axes.imshow(picture, cmap=_reds_and_blues(), norm=scale, interpolation="nearest")
    _signed_bar(figure, image, bar, effects)
    if marked:
        _mark_own_places(axes, shown, grid, columns, enlarged)
    _tile_ticks(axes, grid, shown, columns)
    _widen_for_labels(figure)
    return figure


def _columns_of_tiles(grid: Grid, shown: tuple[Indices, Indices]) -> int:
    """Return how many tiles stand side by side: at their places, but those of thin grids.

    Tiles of a row of units, in a row, would be a thread.
    """
    rows, cols = shown
    if grid.cols > THIN * grid.rows:
        return 1
    return len(rows) * len(cols) if grid.rows > THIN * grid.cols else len(cols)


def lateral_matrix(effects: Mapping[str, Floats], grid: Grid, title: str, data: str) -> Figure:
    """Draw whole matrices of lateral weights side by side, on one scale of colours.

    Parameters
    ----------
    effects : mapping
        Label -> (n_units, n_units): row i holds what unit i hears, above 0 what excites it.
    """
    scale = _about_zero(np.stack(list(effects.values())), 99)
    size = max(1, round(MATRIX_SIZE / grid.n_units)) * grid.n_units
    gap, left = 50, 80
    width = left + len(effects) * (size + gap) + 90
    title, title_lines = fitted(title, width - left, "large")
    note, note_lines = fitted(
        "Red excites, blue inhibits; units in their order, row by row of the grid. Scale: to the 99th "
        f"percentile of all weights but 0.\nLearnt from {data}.",
        width - left,
    )
    top = 70 + (title_lines - 1) * LINE_OF_TITLE
    bottom = 100 + max(0, note_lines - 2) * LINE_OF_TEXT
    height = top + size + bottom
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    starts = np.arange(0, grid.n_units, grid.cols * max(1, grid.rows // 10))
    names = [str(start // grid.cols) for start in starts]
    image = None
    for number, (label, matrix) in enumerate(effects.items()):
        at = left + number * (size + gap)
        axes = figure.add_axes((at / width, bottom / height, size / width, size / height))
        image = axes.imshow(matrix, cmap="RdBu_r", norm=scale, interpolation="nearest")
        # Without the sign of a zero.
        low, high = float(matrix.min()) + 0.0, float(matrix.max()) + 0.0
        # Its weights go on a line of their own where there is no room beside its name.
        label, lines = fitted(f"{label}: {low:.2g} to {high:.2g}", size + gap - 10, "medium")
        axes.set_title(label, fontsize="medium" if lines == 1 else "small")
        axes.set_xticks(starts - 0.5, names)
        axes.set_yticks(starts - 0.5, names)
        axes.set_xlabel("... by a unit of this grid row")
        if number == 0:
            axes.set_ylabel("a unit of this grid row is influenced ...")
    at = left + len(effects) * (size + gap) - gap // 2
    bar = figure.add_axes((at / width, bottom / height, 16 / width, size / height))
    if image is not None:
        figure.colorbar(image, cax=bar, extend="both", label="lateral weight")
    figure.text(left / width, 1 - (top - 46) / height, title, fontsize="large")
    figure.text(left / width, 12 / height, note, fontsize="small")
    return figure


def learning_curve(
    training_mse: Floats, curve: Mapping[str, Any], mean_image_mse: float, title: str, data: str
) -> Figure:
    """Draw the reconstruction error over epochs, in training and on held-out samples.

    Parameters
    ----------
    training_mse : (n_epochs,)
    curve : mapping
        ``epoch`` and ``held_out_mse``, of equal length, from epoch 0 on.
    mean_image_mse : float
        The error to compare with.
    title, data : str
    """
    figure, axes = _plot_axes(title, f"Data: {data}.")
    epochs = np.arange(1, len(training_mse) + 1)
    style: dict[str, Any] = {"linewidth": 1.8, "markersize": 5}
    axes.plot(
        epochs, training_mse, "o-", color=TRAINING_COLOUR,
        label="training (mean over the epoch, before each update)", **style,
    )  # fmt: skip
    # Epoch 0, the untrained map, is left out: it lies orders of magnitude above. Where a map
    # blew up there is no finite number, None, and no point.
    held_out = np.array(curve["held_out_mse"][1:], dtype=float)
    axes.plot(
        curve["epoch"][1:], held_out, "s--", color=HELD_OUT_COLOUR,
        label="held-out samples, after the epoch", **style,
    )  # fmt: skip
    axes.axhline(
        mean_image_mse, color=REFERENCE_COLOUR, linestyle=":",
        label="for comparison: always the mean image",
    )  # fmt: skip
    axes.set(xlabel="epoch", ylabel="mean squared error per pixel", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, max(len(training_mse), 1) + 0.5)
    if not len(training_mse):
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="small")
    _widen_for_labels(figure)
    return figure


def _plot_axes(title: str, note: str) -> tuple[Figure, Axes]:
    """Return a figure for a plot, under its title and above a note, and its axes."""
    width, height = 720, 440
    title, title_lines = fitted(title, width - 20, "large")
    note, note_lines = fitted(note, width - MARGIN["left"])
    more_below = (note_lines - 1) * LINE_OF_TEXT
    total = height + more_below + (title_lines - 1) * LINE_OF_TITLE
    figure = Figure(figsize=(width / DPI, total / DPI), dpi=DPI)
    share = height / total
    axes = figure.add_axes((0.11, 0.17 * share + more_below / total, 0.86, 0.75 * share))
    # A long title has the whole width, not that of the axes.
    axes.set_title(title, x=0.5 if title_lines == 1 else (0.5 - 0.11) / 0.86)
    _name_data(figure, note)
    return figure, axes


def _widen_for_labels(figure: Figure) -> None:
    """Give the labels at the left the room that they lack."""
    boxes = [axes.yaxis.get_tightbbox(_agg()) for axes in figure.axes]
    lacking = max(0, *(math.ceil(4 - box.x0) for box in boxes if box is not None))
    before = figure.get_figwidth() * DPI
    after = before + lacking
    figure.set_figwidth(after / DPI)
    for axes in figure.axes if lacking else []:
        left, bottom, width, height = axes.get_position().bounds
        left, width = (left * before + lacking) / after, width * before / after
        axes.set_position((left, bottom, width, height))


def pick_samples(samples: Samples, count: int) -> npt.NDArray[np.intp]:
    """Choose samples to show: classes in turn where there are labels, else evenly spread."""
    available = len(samples.pixels)
    if samples.labels is None:
        return np.linspace(0, available - 1, min(count, available)).astype(np.intp)
    labels = samples.labels
    occurrence = np.zeros(available, int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        occurrence[members] = np.arange(len(members))
    return np.lexsort((labels, occurrence))[:count]


def reconstructions(
    samples: Floats, reconstructed: Floats, image_shape: tuple[int, int], title: str, data: str
) -> Figure:
    """Draw samples, each above its reconstruction, all on the samples' own scale.

    Parameters
    ----------
    samples, reconstructed : (n_samples, n_inputs)
    """
    height, width = image_shape
    # Fewer of wide ones, and more room for high ones, or they are slivers.
    per_row = min(max(1, min(10, 20 * height // width)), len(samples))
    n_rows = -(-len(samples) // per_row)
    each = min(850 // per_row, max(85, 42 * width // height))
    # Two images and a little more.
    size = (per_row * each, min(600, max(64, int(2.12 * each * height / width))))
    figure, all_axes, bar = _rows_of_axes(n_rows, size, title, f"Held-out samples of: {data}.")
    for row, axes in enumerate(all_axes):
        here = slice(row * per_row, (row + 1) * per_row)
        pairs = np.concatenate([_pad(samples[here], per_row), _pad(reconstructed[here], per_row)])
        picture = tile(pairs.reshape(-1, height, width), per_row)
        axes.imshow(picture, cmap=_greys(), vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([(height + 1) * (i + 0.5) for i in (0, 1)], ["input", "reconstruction"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        if height != width:  # squares fill their axes, or nearly
            axes.set_anchor("W")
    figure.colorbar(all_axes[0].images[0], cax=bar, extend="max", label="pixel value")
    return figure


def _rows_of_axes(
    n_rows: int, size: tuple[int, int], title: str, note: str
) -> tuple[Figure, list[Axes], Axes]:
    """Return a figure of axes one below the other, each of a size in pixels, and a colour bar's."""
    left, right = 120, 110
    width = max(left + size[0] + right, LEAST_WIDTH)
    # Images that are not as wide as their axes stand in the middle, and the title begins there.
    title, title_lines = fitted(title, width - left - 30, "large")
    note, note_lines = fitted(note, width - MARGIN["left"])
    above = 40 + (title_lines - 1) * LINE_OF_TITLE
    below = 50 + (note_lines - 1) * LINE_OF_TEXT
    height = above + n_rows * size[1] + below
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    inner = {
        "left": left / width, "right": (left + size[0]) / width,
        "bottom": below / height, "top": 1 - above / height, "hspace": 0.06,
    }  # fmt: skip
    all_axes = figure.subplots(n_rows, 1, squeeze=False, gridspec_kw=inner)[:, 0]
    all_axes[0].set_title(title, loc="left")
    tall = min(180, size[1])
    middle = below - 5 + n_rows * size[1] / 2
    bar = figure.add_axes(
        ((left + size[0] + 20) / width, (middle - tall / 2) / height, 16 / width, tall / height)
    )
    _name_data(figure, note)
    return figure, list(all_axes), bar


def tapestry(pixels: npt.NDArray[np.uint8], title: str, data: str) -> Figure:
    """Draw a tapestry, one pixel of it a pixel of the picture."""
    figure, axes, bar = _exact_axes(pixels.shape, _tiled(pixels.shape), title, data)
    if "\n" not in axes.get_title("left"):
        axes.set_title("", loc="left")
        axes.set_title(title)
    greys = colormaps["Greys"]
    _show_in_strips(axes, pixels, greys, Normalize(0, 255))
    figure.colorbar(ScalarMappable(Normalize(0, 1), greys), cax=bar, label="pixel value")
    axes.set(xlabel="column, pixels", ylabel="row, pixels")
    return figure


def _show_in_strips(axes: Axes, picture: npt.NDArray[Any], colours: Any, scale: Normalize) -> None:
    """Show a large picture as images one below the other, each of some rows.

    Matplotlib takes a hundred bytes for each pixel of the image that it draws.
    """
    height, width = picture.shape
    for rows in blocks(picture.shape, NUMBERS // 8):
        axes.imshow(
            picture[rows], cmap=colours, norm=scale, interpolation="nearest",
            extent=(-0.5, width - 0.5, rows.stop - 0.5, rows.start - 0.5),
        )  # fmt: skip
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _pad(images: Floats, count: int) -> Floats:
    return np.pad(images, ((0, count - len(images)), (0, 0)), constant_values=np.nan)


def _greys() -> Any:
    return colormaps["Greys"].with_extremes(bad=SEPARATOR_COLOUR)


def _reds_and_blues() -> Any:
    return colormaps["RdBu_r"].with_extremes(bad=NEUTRAL_SEPARATOR_COLOUR)


def _about_zero(values: Floats, percentile: float) -> Normalize:
    """Return a scale symmetric about 0 that ends at a percentile of what is not 0."""
    sizes = np.abs(values[values != 0])
    end = float(np.percentile(sizes, percentile)) if sizes.size else 1.0
    return Normalize(-end, end)


def _signed_bar(figure: Figure, image: Any, bar: Axes, values: Floats) -> None:
    """Draw the colour bar of a scale about 0, without the half of which there is nothing."""
    low, high = bool((values < 0).any()), bool((values > 0).any())
    extend = "both" if low == high else "min" if low else "max"
    drawn = figure.colorbar(image, cax=bar, extend=extend, label="lateral weight")
    limit = image.norm.vmax
    if low != high:
        drawn.ax.set_ylim(-limit if low else 0, limit if high else 0)


def _mark_own_places(
    axes: Axes, shown: tuple[Indices, Indices], grid: Grid, columns: int, enlarged: int
) -> None:
    """Put a dot into each tile, where its unit is; a unit is ``enlarged`` pixels wide."""
    rows, cols = (each.ravel() for each in np.meshgrid(*shown, indexing="ij"))
    down, across = np.divmod(np.arange(len(rows)), columns)
    x, y = across * (grid.cols + 1) + 1 + cols, down * (grid.rows + 1) + 1 + rows
    points = 0.5 * enlarged * 72 / DPI
    axes.plot(
        x,
        y,
        "o",
        color="black",
        markersize=points,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _enlargement(shape: Sequence[int], size: int) -> int:
    return max(1, round(size / max(shape)))


def _tiled(shape: Sequence[int]) -> int:
    """Return how many pixels a pixel of tiles measures: more where the picture is thin."""
    enough = min(math.ceil(LEAST_TILED / min(shape)), MOST_TILED // max(shape))
    return max(_enlargement(shape, PICTURE_SIZE), enough)


def _sheet_size(grid: Grid, cell: int = 0) -> tuple[int, int]:
    """Return the height and width of a sheet of values; a unit measures ``cell`` at least.

    Units are squares, but where rows or columns are few: they are stretched.
    """
    scale = max(_enlargement((grid.rows, grid.cols), SHEET_SIZE), cell)
    height, width = (
        length * max(scale, math.ceil(LEAST_SIDE / length)) for length in (grid.rows, grid.cols)
    )
    return height, width


def _sheet_axes(
    grid: Grid, title: str, note: str, lines: int, beside: tuple[int, int] = (0, 0), cell: int = 0
) -> tuple[Figure, Axes, Axes]:
    """Return a figure for a value per unit, see :func:`_figure_around`."""
    return _figure_around(_sheet_size(grid, cell), title, note, lines, beside)


def _draw_sheet(axes: Axes, sheet: npt.NDArray[Any], cmap: Any, norm: Normalize) -> Any:
    return axes.imshow(sheet, cmap=cmap, norm=norm, interpolation="nearest", aspect="auto")


def _exact_axes(
    shape: Sequence[int], scale: int, title: str, note: str, lines: int = 1
) -> tuple[Figure, Axes, Axes]:
    """Return a figure whose axes give every pixel of a picture ``scale`` x ``scale`` pixels.

    See :func:`_figure_around`; ``shape`` is (height, width) of the picture.
    """
    return _figure_around((shape[0] * scale, shape[1] * scale), title, note, lines)


def _figure_around(
    size: tuple[int, int], title: str, note: str, lines: int, beside: tuple[int, int] = (0, 0)
) -> tuple[Figure, Axes, Axes]:
    """Return a figure around a picture that measures so many pixels.

    Parameters
    ----------
    size : (height, width) of the picture
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
    height, width = size
    high = max(height, beside[0], LEAST_BAR)
    total_width = max(MARGIN["left"] + width + max(MARGIN["right"], beside[1]), LEAST_WIDTH)
    title, title_lines = fitted(title, total_width - MARGIN["left"], "large")
    note, note_lines = fitted(note, total_width - MARGIN["left"])
    bottom = MARGIN["bottom"] + (max(lines, note_lines) - 1) * LINE_OF_TEXT
    top = MARGIN["top"] + (title_lines - 1) * LINE_OF_TITLE
    total_height = bottom + high + top
    figure = Figure(figsize=(total_width / DPI, total_height / DPI), dpi=DPI)

    def box(left: int, width: int, height: int) -> tuple[float, float, float, float]:
        from_bottom = total_height - top - height
        return (
            left / total_width, from_bottom / total_height,
            width / total_width, height / total_height,
        )  # fmt: skip

    axes = figure.add_axes(box(MARGIN["left"], width, height))
    axes.set_title(title, loc="left")
    bar = figure.add_axes(box(MARGIN["left"] + width + 20, 18, high))
    _name_data(figure, note)
    return figure, axes, bar


def _unit_ticks(axes: Axes, grid: Grid, pitch: tuple[int, int] = (1, 1)) -> None:
    """Write the numbers of units, each ``pitch`` pixels of the picture high and wide."""
    _number(axes.yaxis, np.arange(grid.rows), pitch[0])
    _number(axes.xaxis, np.arange(grid.cols), pitch[1])
    axes.set(xlabel="unit column", ylabel="unit row")


def _tile_ticks(axes: Axes, grid: Grid, shown: tuple[Indices, Indices], columns: int) -> None:
    """Write which units the tiles are of, and within tiles of thin grids which they show."""
    rows, cols = shown
    if columns == len(cols) and THIN * grid.rows >= grid.cols:
        _number(axes.yaxis, rows, grid.rows + 1)
        _number(axes.xaxis, cols, grid.cols + 1)
        axes.set(xlabel="unit column", ylabel="unit row")
        return
    units = [f"{row}, {col}" for row in rows for col in cols]
    if columns == 1:
        _number(axes.yaxis, units, grid.rows + 1, first=0.5)
        _number(axes.xaxis, np.arange(grid.cols), 1, first=1)
        axes.set(ylabel="unit: row, column", xlabel="column on the grid")
    else:
        _number(axes.xaxis, units, grid.cols + 1, first=0.5)
        _number(axes.yaxis, np.arange(grid.rows), 1, first=1)
        axes.set(xlabel="unit: row, column", ylabel="row on the grid")


def _number(axis: Axis, numbers: Sequence[Any] | Indices, pitch: int, first: float = 0) -> None:
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


@functools.cache
def _agg() -> RendererAgg:
    """Return what measures texts as they are drawn in the end."""
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]


def text_width(text: str, size: str) -> float:
    """Return the width of a line in pixels, in a font size of Matplotlib's."""
    measure: Any = _agg().get_text_width_height_descent
    return float(measure(text, FontProperties(size=size), ismath=False)[0])


def fitted(text: str, room: float, size: str = "small") -> tuple[str, int]:
    """Break a text to fit into some pixels; return it and how many lines it has.

    A rim stays free.
    """
    lines = wrapped(text, room - 10, lambda line: text_width(line, size))
    return "\n".join(lines), len(lines)


def _name_data(figure: Figure, text: str) -> None:
    figure.text(
        MARGIN["left"] / DPI / figure.get_figwidth(), 10 / DPI / figure.get_figheight(), text,
        fontsize="small",
    )  # fmt: skip
