"""Every unit's prototype at its place on the grid."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.form import Form
from topodream.grid import Grid
from topodream.pictures.canvas import exact_axes, tiled, unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import draw_key, room_for_key, sheet_of, show
from topodream.pictures.whereabouts import behind, percent, where


def draw(material: Material) -> Figure:
    """Draw every unit's prototype."""
    model, grid = material.model, material.model.experiment.grid
    title = material.title(f"prototypes of {grid.rows} x {grid.cols} units")
    weights = model.trained.weights
    alive = model.alive(weights, model.experiment.epochs)
    return plot(weights, model.form, grid, title, model.data, alive)


def in_words(material: Material) -> str:
    """Say how many prototypes there are, how many are of use, whether neighbours are alike."""
    model, grid = material.model, material.model.experiment.surface
    unused = model.last_wins == 0
    said = f"{grid.n_units:,} prototype{'s' * (grid.n_units > 1)}, {percent(unused.mean())} unused{behind(where(unused, grid))}."
    neighbours = material.measures["neighbour_correlation"]
    others = material.measures["random_correlation"]
    if neighbours is None or others is None:
        return said
    return f"{said} Neighbours correlate by {neighbours:.2f}, any two by {others:.2f}."


def plot(
    weights: Floats,
    form: Form,
    grid: Grid,
    title: str,
    data: str,
    alive: npt.NDArray[np.bool_] | None = None,
) -> Figure:
    """Draw every unit's prototype at its place on the grid.

    Each begins at its own least weight. The scale ends for all at the 99.9th percentile of weights,
    or a few large ones would leave the rest white; signed ones have each a scale that ends at their
    largest: how different strengths are is nothing that one sees in their shapes. Units that
    aren't ``alive``, all are by default, are faint.
    """
    scale = Scale.of_prototypes(weights, form, alive)
    sheet = sheet_of(weights, scale, grid.cols)
    faint = "" if alive is None or alive.all() else "\nFaint: units without a win, or faded."
    note = f"Learnt from {data}. {_said(scale)}{faint}"
    shape = sheet.shape[:2]
    figure, axes, bar = exact_axes(shape, tiled(shape), title, note, beside=room_for_key(scale))
    show(axes, sheet, scale)
    label = "ON - OFF / the unit's largest" if form.is_signed else "weight - the unit's least"
    draw_key(figure, bar, scale, label)
    unit_ticks(axes, grid, (form.height + 1, form.width + 1))
    return figure


def _said(scale: Scale) -> str:
    """Return the scale in words."""
    if scale.form.is_signed:
        return "ON - OFF weights: 0 is mid-grey, each unit on a scale of its own."
    zero = "black" if scale.form.is_bright else "white"
    return f"Scale: each unit's least weight, {zero}, to the 99.9th percentile."
