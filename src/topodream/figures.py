"""The still pictures of a map and its data.

Each function returns a Matplotlib figure; :func:`save` writes it with what made it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from topodream.datasets import Samples
from topodream.grid import Floats, Grid
from topodream.storage import written_whole

DPI = 100
# Pixels that a picture of tiles aims at, and the room around it.
PICTURE_SIZE = 900
MARGIN = {"left": 60, "right": 130, "bottom": 70, "top": 50}
SEPARATOR_COLOUR = "#c8d4e6"
REFERENCE_COLOUR = "#666666"
# Two colours that colour-blind people tell apart (Okabe and Ito).
TRAINING_COLOUR, HELD_OUT_COLOUR = "#0072b2", "#d55e00"


def save(figure: Figure, path: Path, note: str) -> None:
    """Write a figure as PNG; ``note`` says inside the file what made it."""
    with written_whole(path) as temporary:
        metadata = {"Software": None, "Description": note}
        figure.savefig(temporary, format="png", dpi=figure.dpi, metadata=metadata)


def tile(images: Floats, columns: int, gap: int = 1) -> Floats:
    """Lay images out row by row, with NaN between and around them.

    Parameters
    ----------
    images : (n_images, height, width)
    columns : int
        Images per row.

    Returns
    -------
    (rows * (height + gap) + gap, columns * (width + gap) + gap)
    """
    count, height, width = images.shape
    rows = -(-count // columns)
    padded = np.full((rows * columns, height + gap, width + gap), np.nan)
    padded[:count, gap:, gap:] = images
    by_place = padded.reshape(rows, columns, height + gap, width + gap)
    sheet = by_place.transpose(0, 2, 1, 3).reshape(rows * (height + gap), -1)
    return np.pad(sheet, ((0, gap), (0, gap)), constant_values=np.nan)


def prototypes(
    weights: Floats, image_shape: tuple[int, int], grid: Grid, title: str, data: str
) -> Figure:
    """Draw every unit's prototype at its place on the grid, all on one scale.

    The scale ends at the 99.9th percentile of all weights, or a few large ones would
    leave the rest white.
    """
    height, width = image_shape
    picture = tile(weights.reshape(-1, height, width), grid.cols)
    scale = Normalize(0, max(float(np.percentile(weights, 99.9)), 1e-12))
    figure, axes, bar = _exact_axes(picture.shape)
    image = axes.imshow(picture, cmap=_greys(), norm=scale, interpolation="nearest")
    figure.colorbar(image, cax=bar, extend="max", label="weight")
    _unit_ticks(axes, grid, (height + 1, width + 1))
    axes.set_title(title, loc="left")
    _name_data(figure, f"Learnt from {data}. Scale: 0 to the 99.9th percentile.")
    return figure


def hit_map(wins: npt.NDArray[np.int64], grid: Grid, title: str, data: str) -> Figure:
    """Draw how often each unit won, on a logarithmic scale; white units never did."""
    figure = Figure(figsize=(7.2, 6.4), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    sheet = np.ma.masked_equal(grid.sheet(wins), 0)
    scale = LogNorm(1, max(int(wins.max()), 2))
    image = axes.imshow(sheet, cmap="viridis", norm=scale, interpolation="nearest")
    figure.colorbar(image, ax=axes, label="wins in the last epoch")
    axes.set_title(title)
    _unit_ticks(axes, grid)
    dead = 100 * float(np.mean(wins == 0))
    figure.supxlabel(f"White: never won ({dead:.1f} % of units).\nData: {data}.", fontsize="small")
    return figure


def learning_curve(
    training_mse: Floats, curve: dict[str, Any], mean_image_mse: float, title: str, data: str
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
    figure = Figure(figsize=(7.2, 4.4), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not len(training_mse):
        axes.set_xlim(0, 1)
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="small")
    figure.supxlabel(f"Data: {data}.", fontsize="small")
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
    figure = Figure(
        figsize=(2.7 + per_row * 0.85, 0.9 + n_rows * 1.8), dpi=DPI, layout="constrained"
    )
    all_axes = figure.subplots(n_rows, 1, squeeze=False)[:, 0]
    image = None
    for row, axes in enumerate(all_axes):
        here = slice(row * per_row, (row + 1) * per_row)
        pairs = np.concatenate([_pad(samples[here], per_row), _pad(reconstructed[here], per_row)])
        picture = tile(pairs.reshape(-1, height, width), per_row)
        image = axes.imshow(picture, cmap=_greys(), vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([(height + 1) * (i + 0.5) for i in (0, 1)], ["input", "reconstruction"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    all_axes[0].set_title(title, loc="left")
    if image is not None:
        figure.colorbar(image, ax=list(all_axes), extend="max", label="pixel value", shrink=0.8)
    figure.supxlabel(f"Held-out samples of: {data}.", fontsize="small")
    return figure


def tapestry(pixels: npt.NDArray[np.uint8], title: str, data: str) -> Figure:
    """Draw a tapestry, one pixel of it a pixel of the picture."""
    figure, axes, bar = _exact_axes(pixels.shape)
    image = axes.imshow(pixels / 255, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    figure.colorbar(image, cax=bar, label="pixel value")
    axes.set(title=title, xlabel="column, pixels", ylabel="row, pixels")
    _name_data(figure, data)
    return figure


def _pad(images: Floats, count: int) -> Floats:
    return np.pad(images, ((0, count - len(images)), (0, 0)), constant_values=np.nan)


def _greys() -> Any:
    return matplotlib.colormaps["Greys"].with_extremes(bad=SEPARATOR_COLOUR)


def _exact_axes(shape: Sequence[int]) -> tuple[Figure, Axes, Axes]:
    """Return a figure whose axes give every pixel of a picture a whole number of pixels."""
    scale = max(1, round(PICTURE_SIZE / max(shape)))
    height, width = shape[0] * scale, shape[1] * scale
    total_width = max(MARGIN["left"] + width + MARGIN["right"], 640)
    total_height = max(MARGIN["bottom"] + height + MARGIN["top"], 240)
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


def _unit_ticks(axes: Axes, grid: Grid, pitch: tuple[int, int] = (1, 1)) -> None:
    """Write the numbers of units; each is ``pitch`` pixels of the picture high and wide."""
    for axis, count, step in ((axes.yaxis, grid.rows, pitch[0]), (axes.xaxis, grid.cols, pitch[1])):
        every = max(1, count // 8)
        units = np.arange(0, count, every)
        axis.set_ticks([(unit + 0.5) * step - 0.5 for unit in units], [str(unit) for unit in units])
    axes.set(xlabel="unit column", ylabel="unit row")


def _name_data(figure: Figure, text: str) -> None:
    figure.text(MARGIN["left"] / DPI / figure.get_figwidth(), 0.012, text, fontsize="small")
