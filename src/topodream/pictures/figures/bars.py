"""The bars that samples are made of, each above the prototype of the unit that tells it best."""

import numpy as np

from topodream.arrays import Floats
from topodream.data.bars import draw_bars
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.bars import FOUND_ABOVE, correlations, found
from topodream.measures.responses import respond
from topodream.pictures.canvas import (
    HELD_OUT_COLOUR,
    LEAST_WIDTH,
    MARGIN,
    REFERENCE_COLOUR,
    TRAINING_COLOUR,
    name_data,
    text_width,
    tiled,
    widen_for_labels,
    words,
)
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import page
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import sheet_of, show

# Held-out samples that are shown at most.
MOST_SHOWN = 2000
# Of the plot below the images, in pixels.
PLOT_HEIGHT = 150


def draw(material: Material) -> Figure:
    """Draw each bar, and the unit whose answers correlate best with its presence."""
    model, held_out = material.model, material.data.held_out
    samples = held_out.lazy_vectors(model.experiment.dtype, MOST_SHOWN)
    answers = respond(model.trained.state, samples, model.experiment).fresh
    assert held_out.bars is not None  # noqa: S101
    told = correlations(answers, held_out.bars[:MOST_SHOWN])
    title = material.title(f"{np.count_nonzero(found(told))} of {told.shape[1]} bars found")
    note = (
        f"The unit whose answers to {len(samples):,} held-out samples correlate best with the bar; "
        f"found: above {FOUND_ABOVE:g}, the dotted line.\nData: {model.data}."
    )
    return plot(told, model.trained.weights, model.form, model.experiment.grid, title, note)


def in_words(material: Material) -> str:
    """Say how many bars have a unit, and how well it tells them."""
    model, held_out = material.model, material.data.held_out
    samples = held_out.lazy_vectors(model.experiment.dtype, MOST_SHOWN)
    assert held_out.bars is not None  # noqa: S101
    answers = respond(model.trained.state, samples, model.experiment).fresh
    told = correlations(answers, held_out.bars[:MOST_SHOWN])
    best = told.max(axis=0)
    return (
        f"{np.count_nonzero(found(told))} of {len(best)} bars have a unit of their own; its answers "
        f"correlate with them by {best.min():.2f} to {best.max():.2f}."
    )


def plot(told: Floats, weights: Floats, form: Form, grid: Grid, title: str, note: str) -> Figure:
    """Draw bars above prototypes, and below how well these units tell them.

    Parameters
    ----------
    told : (n_units, n_bars)
        How units' answers correlate with bars.
    weights : (n_units, n_inputs)
    """
    best, n_bars = told.argmax(axis=0), told.shape[1]
    shown = weights[best]
    bars = draw_bars(np.eye(n_bars, dtype=bool)).reshape(n_bars, -1) / 255 * np.ptp(shown, 1).max()
    images = np.concatenate([bars, shown])
    scale = Scale.of_prototypes(images, form)
    sheet = sheet_of(images, scale, n_bars)
    figure, above, below = _two_axes(sheet.shape[:2], title, note)
    show(above, sheet, scale)
    above.set_aspect("auto")  # exactly as wide as the plot
    above.set_xticks([])
    above.set_yticks([(form.height + 1) * (i + 0.5) for i in (0, 1)], ["bar", "prototype"])
    above.tick_params(length=0)
    above.spines[:].set_visible(False)
    _plot_told(below, told[best, np.arange(n_bars)], form.width + 1)
    below.set_xlim(above.get_xlim())
    _name_units(below, [f"{unit // grid.cols}, {unit % grid.cols}" for unit in best])
    widen_for_labels(figure)
    return figure


def _plot_told(axes: Axes, told: Floats, pitch: int) -> None:
    """Draw a correlation below each bar, in a colour that says whether it is found."""
    places = (np.arange(len(told)) + 0.5) * pitch
    colours = np.where(told > FOUND_ABOVE, TRAINING_COLOUR, HELD_OUT_COLOUR)
    axes.bar(places, told, width=0.6 * pitch, color=colours.tolist())
    axes.axhline(FOUND_ABOVE, color=REFERENCE_COLOUR, linestyle=":")
    axes.set(ylim=(0, 1.02), ylabel="correlation", xlabel="unit: row, column")
    axes.set_xticks(places)
    axes.spines[["top", "right"]].set_visible(False)


def _name_units(axes: Axes, names: list[str]) -> None:
    """Write below bars which units these are, as many as have room."""
    room = axes.bbox.width / len(names)
    every = int(np.ceil((max(text_width(name, "small") for name in names) + 6) / room))
    axes.set_xticks(axes.get_xticks()[::every], names[::every], fontsize="small")


def _two_axes(shape: tuple[int, int], title: str, note: str) -> tuple[Figure, Axes, Axes]:
    """Return a figure for images of a shape in pixels, and for a plot below them."""
    size, around = (shape[0] * tiled(shape), shape[1] * tiled(shape)), MARGIN["left"] + 20
    height, width = page().filled(size, around)
    total_width = page().across(max(around + width, LEAST_WIDTH))
    said = words(title, note, total_width - MARGIN["left"])
    top, bottom = MARGIN["top"] + said.above, MARGIN["bottom"] + said.below
    total_height = top + height + 10 + PLOT_HEIGHT + bottom
    figure = said.figure(total_width, total_height)
    left, across = MARGIN["left"] / total_width, width / total_width
    images, below = (
        figure.add_axes((left, at / total_height, across, high / total_height))
        for at, high in ((bottom + PLOT_HEIGHT + 10, height), (bottom, PLOT_HEIGHT))
    )
    images.set_title(said.title, loc="left")
    name_data(figure, said.note)
    return figure, images, below
