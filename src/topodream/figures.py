"""The still pictures of a map and its data.

Each function returns a Matplotlib figure; :func:`save` writes it with what made it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from topodream.blocks import NUMBERS, blocks
from topodream.datasets import Samples
from topodream.grid import Floats, Grid
from topodream.storage import written_whole
from topodream.tiles import Indices, tile, weight_scale

DPI = 100
# Pixels that a picture of tiles aims at, one of a value per unit, one of a matrix of several, and
# the room around a picture.
PICTURE_SIZE = 900
SHEET_SIZE = 560
MATRIX_SIZE = 400
MARGIN = {"left": 60, "right": 130, "bottom": 70, "top": 50}
LINE_OF_TEXT = 16
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
    figure, axes, bar = _exact_axes(picture.shape)
    _show_in_strips(axes, picture, _greys(), scale)
    figure.colorbar(ScalarMappable(scale, _greys()), cax=bar, extend="max", label="weight")
    _unit_ticks(axes, grid, (height + 1, width + 1))
    axes.set_title(title, loc="left")
    _name_data(figure, f"Learnt from {data}. Scale: 0 to the 99.9th percentile.")
    return figure


def hit_map(wins: npt.NDArray[np.int64], grid: Grid, title: str, data: str) -> Figure:
    """Draw how often each unit won, on a logarithmic scale; white units never did."""
    figure, axes, bar = _exact_axes((grid.rows, grid.cols), SHEET_SIZE, lines=2)
    sheet = np.ma.masked_equal(grid.sheet(wins), 0)
    # Over a decade at least, or the ticks of its parts are written out.
    scale = LogNorm(1, max(int(wins.max()), 10))
    image = axes.imshow(sheet, cmap="viridis", norm=scale, interpolation="nearest")
    figure.colorbar(image, cax=bar, label="wins in the last epoch")
    axes.set_title(title, loc="left")
    _unit_ticks(axes, grid)
    dead = 100 * float(np.mean(wins == 0))
    _name_data(figure, f"White: never won ({dead:.1f} % of units).\nData: {data}.")
    return figure


def u_matrix(distances: Floats, grid: Grid, title: str, data: str) -> Figure:
    """Draw how much each unit's prototype differs from its neighbours'.

    Parameters
    ----------
    distances : (n_units,)
        See :func:`topodream.sheets.neighbour_distances`; NaN, no neighbour, is white.
    """
    figure, axes, bar = _exact_axes((grid.rows, grid.cols), SHEET_SIZE, lines=3)
    # A few units without pattern would leave the rest in one colour.
    ends = np.nanpercentile(distances, (1, 99)) if np.isfinite(distances).any() else (0, 1)
    scale = Normalize(*ends)
    image = axes.imshow(grid.sheet(distances), cmap="cividis", norm=scale, interpolation="nearest")
    figure.colorbar(image, cax=bar, extend="both", label="mean distance to touching units")
    axes.set_title(title, loc="left")
    _unit_ticks(axes, grid)
    _name_data(
        figure,
        "Distance: 1 - correlation of two prototypes. 0: the same pattern, 1: unrelated; a constant\n"
        f"prototype is at 1 from any. Scale: 1st to 99th percentile.\nData: {data}.",
    )
    return figure


def label_map(
    winners: Indices, classes: npt.NDArray[np.uint8], grid: Grid, title: str, note: str
) -> Figure:
    """Draw the class that each unit stands for, in as many colours as there are classes.

    Parameters
    ----------
    winners : (n_units,)
        Positions in ``classes``; -1, drawn white, for a unit of no class.
    classes : (n_classes,)
        The labels.
    note : str
        Stands below: what the labels were found by.
    """
    colours: Any = CLASS_COLOURS
    if len(classes) > len(CLASS_COLOURS):  # more than anyone tells apart
        colours = matplotlib.colormaps["turbo"](np.linspace(0, 1, len(classes)))
    figure, axes, legend = _exact_axes((grid.rows, grid.cols), SHEET_SIZE, lines=2)
    axes.imshow(
        np.ma.masked_less(grid.sheet(winners), 0),
        cmap=ListedColormap(colours[: len(classes)]),
        norm=Normalize(-0.5, len(classes) - 0.5),
        interpolation="nearest",
    )
    legend.set_axis_off()
    patches = [
        Patch(color=colour, label=str(label))
        for colour, label in zip(colours, classes, strict=False)
    ]
    never = Patch(facecolor="white", edgecolor="black", label="none")
    legend.legend(
        handles=[*patches, never], title="class", loc="upper left", bbox_to_anchor=(0, 1),
        borderaxespad=0, frameon=False, handlelength=1.4,
    )  # fmt: skip
    axes.set_title(title, loc="left")
    _unit_ticks(axes, grid)
    _name_data(figure, note)
    return figure


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
    picture = tile(grid.sheet(effects), len(cols))
    scale = _about_zero(effects, 99.9)
    complete = len(effects) == grid.n_units
    figure, axes, bar = _exact_axes(picture.shape, lines=3)
    image = axes.imshow(picture, cmap=_reds_and_blues(), norm=scale, interpolation="nearest")
    _signed_bar(figure, image, bar, effects)
    pitch = (grid.rows + 1, grid.cols + 1)
    enlarged = _enlargement(picture.shape, PICTURE_SIZE)
    marked = enlarged >= LEAST_MARKED
    if marked:
        _mark_own_places(axes, shown, pitch, enlarged)
    _unit_ticks(axes, grid, pitch, shown)
    axes.set_title(title, loc="left")
    which = "each unit" if complete else f"{len(rows)} x {len(cols)} units, evenly chosen"
    ends = "to the 99.9th percentile of weights but 0" if effects.any() else "none, all are 0"
    _name_data(
        figure,
        f"A tile for {which}: the whole grid, as far as it excites (red) or inhibits (blue) the "
        f"unit{', which is at the dot' if marked else ''}.\nScale: {ends}.\nData: {data}.",
    )
    return figure


def lateral_matrix(effects: Mapping[str, Floats], grid: Grid, title: str, data: str) -> Figure:
    """Draw whole matrices of lateral weights side by side, on one scale of colours.

    Parameters
    ----------
    effects : mapping
        Label -> (n_units, n_units): row i holds what unit i hears, above 0 what excites it.
    """
    scale = _about_zero(np.stack(list(effects.values())), 99)
    size = max(1, round(MATRIX_SIZE / grid.n_units)) * grid.n_units
    gap, left, top, bottom = 50, 80, 70, 100
    width = left + len(effects) * (size + gap) + 90
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
        axes.set_title(f"{label}: {low:.2g} to {high:.2g}", fontsize="medium")
        axes.set_xticks(starts - 0.5, names)
        axes.set_yticks(starts - 0.5, names)
        axes.set_xlabel("... by a unit of this grid row")
        if number == 0:
            axes.set_ylabel("a unit of this grid row is influenced ...")
    at = left + len(effects) * (size + gap) - gap // 2
    bar = figure.add_axes((at / width, bottom / height, 16 / width, size / height))
    if image is not None:
        figure.colorbar(image, cax=bar, extend="both", label="lateral weight")
    figure.text(left / width, 1 - 24 / height, title, fontsize="large")
    figure.text(
        left / width, 12 / height,
        "Red excites, blue inhibits; units in their order, row by row of the grid. Scale: to the 99th "
        f"percentile of all weights but 0.\nLearnt from {data}.",
        fontsize="small",
    )  # fmt: skip
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
    figure = Figure(figsize=(7.2, 4.4), dpi=DPI)
    # Fixed: to find out how much room labels need takes longer than all the rest.
    axes = figure.add_axes((0.11, 0.17, 0.86, 0.75))
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
    axes.set(title=title, xlabel="epoch", ylabel="mean squared error per pixel", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, max(len(training_mse), 1) + 0.5)
    if not len(training_mse):
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="small")
    _name_data(figure, f"Data: {data}.")
    return figure


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
    per_row = min(10, len(samples))
    n_rows = -(-len(samples) // per_row)
    height, width = image_shape
    figure, all_axes, bar = _rows_of_axes(n_rows, (per_row * 85, 180))
    for row, axes in enumerate(all_axes):
        here = slice(row * per_row, (row + 1) * per_row)
        pairs = np.concatenate([_pad(samples[here], per_row), _pad(reconstructed[here], per_row)])
        picture = tile(pairs.reshape(-1, height, width), per_row)
        axes.imshow(picture, cmap=_greys(), vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([(height + 1) * (i + 0.5) for i in (0, 1)], ["input", "reconstruction"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    all_axes[0].set_title(title, loc="left")
    figure.colorbar(all_axes[0].images[0], cax=bar, extend="max", label="pixel value")
    _name_data(figure, f"Held-out samples of: {data}.")
    return figure


def _rows_of_axes(n_rows: int, size: tuple[int, int]) -> tuple[Figure, list[Axes], Axes]:
    """Return a figure of axes one below the other, each of a size in pixels, and a colour bar's."""
    left, right, below, above = 120, 110, 50, 40
    width, height = left + size[0] + right, above + n_rows * size[1] + below
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    inner = {
        "left": left / width, "right": 1 - right / width,
        "bottom": below / height, "top": 1 - above / height, "hspace": 0.06,
    }  # fmt: skip
    all_axes = figure.subplots(n_rows, 1, squeeze=False, gridspec_kw=inner)[:, 0]
    tall = min(180, size[1]) / height
    bar = figure.add_axes((1 - 90 / width, 0.5 - tall / 2, 16 / width, tall))
    return figure, list(all_axes), bar


def tapestry(pixels: npt.NDArray[np.uint8], title: str, data: str) -> Figure:
    """Draw a tapestry, one pixel of it a pixel of the picture."""
    figure, axes, bar = _exact_axes(pixels.shape)
    greys = matplotlib.colormaps["Greys"]
    _show_in_strips(axes, pixels, greys, Normalize(0, 255))
    figure.colorbar(ScalarMappable(Normalize(0, 1), greys), cax=bar, label="pixel value")
    axes.set(title=title, xlabel="column, pixels", ylabel="row, pixels")
    _name_data(figure, data)
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
    return matplotlib.colormaps["Greys"].with_extremes(bad=SEPARATOR_COLOUR)


def _reds_and_blues() -> Any:
    return matplotlib.colormaps["RdBu_r"].with_extremes(bad=NEUTRAL_SEPARATOR_COLOUR)


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
    axes: Axes, shown: tuple[Indices, Indices], pitch: tuple[int, int], enlarged: int
) -> None:
    """Put a dot into each tile, where its unit is; a unit is ``enlarged`` pixels wide."""
    by_row, by_col = (
        np.arange(len(units)) * step + 1 + units for units, step in zip(shown, pitch, strict=True)
    )
    y, x = np.meshgrid(by_row, by_col, indexing="ij")
    points = 0.5 * enlarged * 72 / DPI
    axes.plot(
        x.ravel(),
        y.ravel(),
        "o",
        color="black",
        markersize=points,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _enlargement(shape: Sequence[int], size: int) -> int:
    return max(1, round(size / max(shape)))


def _exact_axes(
    shape: Sequence[int], size: int = PICTURE_SIZE, lines: int = 1
) -> tuple[Figure, Axes, Axes]:
    """Return a figure whose axes give every pixel of a picture a whole number of pixels.

    Parameters
    ----------
    shape : (height, width) of the picture
    size : int
        What the longer side is to measure, about, in pixels.
    lines : int
        Lines of text to leave room for below.

    Returns
    -------
    figure : Figure
    axes : Axes
        For the picture.
    bar : Axes
        Beside it, for a colour bar.
    """
    scale = _enlargement(shape, size)
    height, width = shape[0] * scale, shape[1] * scale
    bottom = MARGIN["bottom"] + (lines - 1) * LINE_OF_TEXT
    total_width = max(MARGIN["left"] + width + MARGIN["right"], 640)
    total_height = max(bottom + height + MARGIN["top"], 240)
    figure = Figure(figsize=(total_width / DPI, total_height / DPI), dpi=DPI)

    def box(left: int, width: int, height: int) -> tuple[float, float, float, float]:
        from_bottom = total_height - MARGIN["top"] - height
        return (
            left / total_width, from_bottom / total_height,
            width / total_width, height / total_height,
        )  # fmt: skip

    axes = figure.add_axes(box(MARGIN["left"], width, height))
    bar = figure.add_axes(box(MARGIN["left"] + width + 20, 18, height))
    return figure, axes, bar


def _unit_ticks(
    axes: Axes,
    grid: Grid,
    pitch: tuple[int, int] = (1, 1),
    shown: tuple[Indices, Indices] | None = None,
) -> None:
    """Write the numbers of units, all or those shown; each is ``pitch`` pixels high and wide."""
    rows, cols = shown or (np.arange(grid.rows), np.arange(grid.cols))
    for axis, units, step in ((axes.yaxis, rows, pitch[0]), (axes.xaxis, cols, pitch[1])):
        places = np.arange(0, len(units), max(1, len(units) // 8))
        names = [str(unit) for unit in units[places]]
        axis.set_ticks([(place + 0.5) * step - 0.5 for place in places], names)
    axes.set(xlabel="unit column", ylabel="unit row")


def _name_data(figure: Figure, text: str) -> None:
    figure.text(
        MARGIN["left"] / DPI / figure.get_figwidth(), 10 / DPI / figure.get_figheight(), text,
        fontsize="small",
    )  # fmt: skip
