"""Held-out samples beside their reconstructions."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.data.samples import Samples
from topodream.form import Form
from topodream.measures.responses import respond, with_activation
from topodream.models import MODELS
from topodream.pictures.canvas import (
    LEAST_WIDTH,
    MARGIN,
    name_data,
    words,
)
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import page
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import draw_key, room_for_key, sheet_of, show
from topodream.traits import ACTIVATION

# Pixels: left of the images, for names, and right of them, for a colour bar; for all images of a row,
# and what of a row each has at least.
LEFT, RIGHT, ROW, LEAST_EACH = 120, 110, 850, 45


def draw(material: Material) -> Figure:
    """Draw held-out samples beside their reconstructions."""
    model, held_out = material.model, material.data.held_out
    experiment = model.experiment
    if material.activation is not None:
        experiment = with_activation(experiment, material.activation)
    settings = experiment.settings
    samples = held_out.lazy_vectors(experiment.dtype)
    chosen = pick_samples(held_out, material.count)
    ascending, places = np.unique(chosen, return_inverse=True)
    if experiment.has_trace:
        # A reconstruction depends on the samples before it: all are shown.
        responses = respond(model.trained.state, samples, experiment, kept=ascending)
    else:
        responses = respond(model.trained.state, samples.pick(chosen), experiment)
        places = np.arange(len(chosen))
    activation = (
        f", activation {settings.activation}"
        if ACTIVATION in MODELS[experiment.model].traits
        else ""
    )
    return plot(
        samples[chosen],
        responses.drawn[places],
        model.form,
        material.title(f"reconstructions{activation}"),
        model.data,
    )


def in_words(material: Material) -> str:
    """Say how many samples are shown, and how good reconstructions are of all held-out ones."""
    shown = min(material.count, len(material.data.held_out.pixels))
    said = f"{shown} held-out sample{'s' * (shown != 1)} and what the map makes of them"
    error = material.curve["held_out_mse"][-1]
    if error is None or not material.measures["mean_image_mse"]:
        return f"{said}."
    share = error / material.measures["mean_image_mse"]
    return f"{said}: over all of them the error is {100 * share:.0f} % of that of the mean image."


def plot(samples: Floats, reconstructed: Floats, form: Form, title: str, data: str) -> Figure:
    """Draw samples, each above its reconstruction, all on the samples' own scale.

    Parameters
    ----------
    samples, reconstructed : (n_samples, n_inputs)
    """
    height, width, scale = form.height, form.width, Scale(form)
    beside = LEFT + max(RIGHT, room_for_key(scale)[1])
    room = round(page().across(ROW + beside)) - beside
    # Fewer of wide ones, and more room for high ones, or they are slivers.
    per_row = min(max(1, min(10, 20 * height // width, room // LEAST_EACH)), len(samples))
    n_rows = -(-len(samples) // per_row)
    each = min(room // per_row, max(85, 42 * width // height))
    # Two images and a little more.
    size = (per_row * each, min(600, max(64, int(2.12 * each * height / width))))
    said = f" Both are {scale.in_words}." if scale.in_words else ""
    note = f"Held-out samples of: {data}.{said}"
    figure, all_axes, bar = _rows_of_axes(n_rows, size, title, note, room_for_key(scale)[1])
    for row, axes in enumerate(all_axes):
        here = slice(row * per_row, (row + 1) * per_row)
        above, below = (sheet_of(some[here], scale, per_row) for some in (samples, reconstructed))
        show(axes, np.concatenate([above, below[1:]]), scale)
        axes.set_xticks([])
        axes.set_yticks([(height + 1) * (i + 0.5) for i in (0, 1)], ["input", "reconstruction"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        if height != width:  # squares fill their axes, or nearly
            axes.set_anchor("W")
    draw_key(figure, bar, scale, "ON - OFF" if form.is_signed else "pixel value")
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


def _rows_of_axes(
    n_rows: int, size: tuple[int, int], title: str, note: str, beside: int
) -> tuple[Figure, list[Axes], Axes]:
    """Return a figure of axes one below the other, each of a size in pixels, and a colour bar's.

    What stands beside them may need more than a bar does.
    """
    width = page().across(max(LEFT + size[0] + max(RIGHT, beside), LEAST_WIDTH))
    # Images that are not as wide as their axes stand in the middle, and the title begins there.
    said = words(title, note, width - LEFT - 30, width - MARGIN["left"])
    above, below = 40 + said.above, 50 + said.below
    height = above + n_rows * size[1] + below
    figure = said.figure(width, height)
    inner = {
        "left": LEFT / width, "right": (LEFT + size[0]) / width,
        "bottom": below / height, "top": 1 - above / height, "hspace": 0.06,
    }  # fmt: skip
    all_axes = figure.subplots(n_rows, 1, squeeze=False, gridspec_kw=inner)[:, 0]
    all_axes[0].set_title(said.title, loc="left")
    tall = min(180, size[1])
    middle = below - 5 + n_rows * size[1] / 2
    bar = figure.add_axes(
        ((LEFT + size[0] + 20) / width, (middle - tall / 2) / height, 16 / width, tall / height)
    )
    name_data(figure, said.note)
    return figure, list(all_axes), bar
