"""The reconstruction error over the epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topodream.arrays import Floats, Indices
from topodream.pictures.canvas import (
    HELD_OUT_COLOUR,
    MARGIN,
    REFERENCE_COLOUR,
    TRAINING_COLOUR,
    fitted,
    name_data,
    widen_for_labels,
    words,
)
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure, MaxNLocator
from topodream.pictures.pages import page

# How many times the error of the mean image, or the last one, is beyond the axis.
BEYOND = 2
# Numbers along a decade, to be written where there are no fewer.
STEPS = (
    (1,),
    (1, 2, 5),
    (1, 1.5, *range(2, 10)),
    np.arange(10, 100, 2) / 10,
    np.arange(10, 100) / 10,
)
# In pixels: the plot with its labels; the label of the axis of epochs with its numbers, and a legend of
# three lines; what stands beside the words of a line.
WIDTH, HEIGHT, X_LABEL, LEGEND, HANDLE = 720, 440, 46, 56, 44


def draw(material: Material) -> Figure:
    """Draw the reconstruction error over epochs; say what inputs are that aren't pixels."""
    model, form = material.model, material.model.form
    are_pixels = form.n_inputs == form.height * form.width
    return plot(
        model.trained.history.training_mse,
        material.curve,
        material.measures["mean_image_mse"],
        material.title("learning curve"),
        model.data if are_pixels or str(form) in model.data else f"{model.data}; inputs: {form}",
        "pixel" if are_pixels else "input",
    )


def in_words(material: Material) -> str:
    """Say where the errors begin, and where they end."""
    training = material.model.trained.history.training_mse
    n_epochs = len(training)
    if not n_epochs:
        return "No epoch was finished."
    said = f"Over {n_epochs} epochs the training error goes from {training[0]:.3g} to {training[-1]:.3g}"
    held_out = [error for error in material.curve["held_out_mse"][1:] if error is not None]
    if held_out:
        said += f", the held-out error from {held_out[0]:.3g} to {held_out[-1]:.3g}"
    return f"{said}; the mean image has {material.measures['mean_image_mse']:.3g}."


def plot(
    training_mse: Floats,
    curve: Mapping[str, Any],
    mean_image_mse: float,
    title: str,
    data: str,
    per: str = "pixel",
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
    per : str
        Of what errors are means.
    """
    figure, axes = _plot_axes(title, f"Data: {data}.")
    # Epoch 0, the untrained map, is left out: it lies orders of magnitude above. Where a map
    # blew up there is no finite number, None, and no point.
    held_out = np.array(curve["held_out_mse"][1:], dtype=float)
    epochs = np.arange(1, len(training_mse) + 1)
    end = _end(training_mse, held_out, mean_image_mse)
    axes.set(xlabel="epoch", ylabel=f"mean squared error per {per}", yscale="log")
    axes.set_ylim(_span(np.concatenate([training_mse, held_out, [mean_image_mse]]), end))
    said = "training (mean over the epoch, before each update)"
    _draw_errors(axes, epochs, training_mse, end, said, 13, fmt="o-", color=TRAINING_COLOUR)
    said = "held-out samples, after the epoch"
    _draw_errors(axes, curve["epoch"][1:], held_out, end, said, 7, fmt="s--", color=HELD_OUT_COLOUR)
    axes.axhline(
        mean_image_mse, color=REFERENCE_COLOUR, linestyle=":",
        label="for comparison: always the mean image",
    )  # fmt: skip
    ticks = _ticks(*axes.get_ylim())
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_formatter("")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, max(len(training_mse), 1) + 0.5)
    if not len(training_mse):
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
    axes.grid(which="both", alpha=0.25)
    # Below the axes, where it covers nothing; on paper they may become smaller.
    below = X_LABEL * (1.25 if page().is_paper else 1)
    axes.legend(
        fontsize="small", loc="upper left", frameon=False, borderpad=0, borderaxespad=0,
        bbox_to_anchor=(0, -below / axes.bbox.height),
    )  # fmt: skip
    widen_for_labels(figure)
    return figure


def _end(training: Floats, held_out: Floats, mean_image: float) -> float | None:
    """Return where the axis of errors ends, None if at the largest.

    The first epochs' errors may be a thousand times those of all others, which they would flatten.
    """
    errors = [each[np.isfinite(each)] for each in (training, held_out)]
    end = BEYOND * max([mean_image, *(each[-1] for each in errors if len(each))])
    return end if any((each > end).any() for each in errors) else None


def _span(errors: Floats, end: float | None) -> tuple[float, float]:
    """Return from where to where a logarithmic axis of errors goes: around them, or to its end."""
    shown = errors[np.isfinite(errors) & (errors > 0)]
    low, high = (shown.min(), end or shown.max()) if shown.size else (1.0, 1.0)
    rim = max((high / low) ** 0.05, 1.1)
    return float(low / rim), float(end or high * rim)


def _draw_errors(
    axes: Axes,
    epochs: Sequence[int] | Indices,
    errors: Floats,
    end: float | None,
    said: str,
    mark: float,
    **style: Any,
) -> None:
    """Draw errors over epochs; marks of some size stand for those beyond the end of the axis."""
    beyond = np.isfinite(errors) & (errors > (np.inf if end is None else end))
    if beyond.any():
        said += (
            f"; \N{BLACK UP-POINTING TRIANGLE} beyond the axis: up to {errors[beyond].max():.2g}"
        )
    said, _ = fitted(said, axes.bbox.width - HANDLE)
    axes.plot(epochs, errors, style.pop("fmt"), label=said, linewidth=1.8, markersize=5, **style)
    axes.plot(
        np.asarray(epochs)[beyond], np.ones(np.count_nonzero(beyond)), "^", color=style["color"],
        markersize=mark, clip_on=False, transform=axes.get_xaxis_transform(),
    )  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    """Return some numbers to write along a logarithmic axis, rounder ones if they do.

    >>> _ticks(0.04, 0.3)
    [0.05, 0.1, 0.2]
    >>> _ticks(0.5, 20000.0)
    [1.0, 10.0, 100.0, 1000.0, 10000.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in STEPS:
        numbers = (float(f"{step}e{decade}") for decade in decades for step in steps)
        found = [number for number in numbers if low <= number <= high]
        if len(found) >= 3:
            break
    return found


def _plot_axes(title: str, note: str) -> tuple[Figure, Axes]:
    """Return a figure for a plot, under its title and above a note, and its axes."""
    width = page().across(WIDTH)
    height = min(HEIGHT, HEIGHT * width / WIDTH)
    said = words(title, note, width - 20, width - MARGIN["left"])
    more_below = said.below + LEGEND
    total = height + more_below + said.above
    figure = said.figure(width, total)
    share = height / total
    axes = figure.add_axes((0.11, 0.17 * share + more_below / total, 0.86, 0.75 * share))
    # A long title has the whole width, not that of the axes.
    axes.set_title(said.title, x=(0.5 - 0.11) / 0.86 if said.above else 0.5)
    name_data(figure, said.note)
    return figure, axes
