"""The reconstruction error over the epochs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from topodream.arrays import Floats
from topodream.pictures.canvas import (
    DPI,
    HELD_OUT_COLOUR,
    LINE_OF_TEXT,
    LINE_OF_TITLE,
    MARGIN,
    REFERENCE_COLOUR,
    TRAINING_COLOUR,
    fitted,
    name_data,
    widen_for_labels,
)
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure, MaxNLocator


def draw(material: Material) -> Figure:
    """Draw the reconstruction error over epochs; say what inputs are that aren't pixels."""
    model, form = material.model, material.model.form
    are_pixels = form.n_inputs == form.height * form.width
    return plot(
        model.trained.history.training_mse,
        material.curve,
        material.mean_image_mse,
        material.title("learning curve"),
        model.data if are_pixels or str(form) in model.data else f"{model.data}; inputs: {form}",
        "pixel" if are_pixels else "input",
    )


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
    axes.set(xlabel="epoch", ylabel=f"mean squared error per {per}", yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.5, max(len(training_mse), 1) + 0.5)
    if not len(training_mse):
        axes.text(0.5, 0.5, "no epoch was finished", ha="center", transform=axes.transAxes)
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize="small")
    widen_for_labels(figure)
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
    name_data(figure, note)
    return figure, axes
