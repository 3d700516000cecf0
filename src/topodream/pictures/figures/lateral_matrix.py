"""All lateral weights as matrices."""

from collections.abc import Mapping

import numpy as np

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.pictures.canvas import about_zero, fitted, words
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import page

# Pixels that a matrix aims at; at the left of all, at the right of each, and between rows of them.
MATRIX_SIZE, LEFT, GAP, BETWEEN = 400, 80, 50, 110
# Side by side on paper, at most.
MOST_ON_PAPER = 2
# Rows of the grid that are named at most, and the pixels that a name takes.
MOST_NAMED, ROOM_FOR_NAME = 10, 25


def draw(material: Material) -> Figure:
    """Draw all lateral weights, and what they come to together."""
    grid = material.model.experiment.grid
    units, lateral = np.arange(grid.n_units), material.lateral
    effects = {found.title: found.effects(units) for found in lateral}
    acting = [effects[found.title] for found in lateral if found.acts]
    effects["together, as they act"] = np.sum(acting, axis=0)
    title = material.title("lateral weights")
    return plot(effects, grid, title, material.model.data)


def in_words(material: Material) -> str:
    """Say from where to where the weights of each kind go."""
    units = np.arange(material.model.experiment.grid.n_units)
    said = []
    for lateral in material.lateral:
        effects: Floats = lateral.effects(units)
        low, high = float(effects.min()) + 0.0, float(effects.max()) + 0.0
        said.append(f"{lateral.title} {low:.2g} to {high:.2g}")
    return f"Matrices of {len(units):,} x {len(units):,} weights: {'; '.join(said)}."


def plot(effects: Mapping[str, Floats], grid: Grid, title: str, data: str) -> Figure:
    """Draw whole matrices of lateral weights side by side, on one scale of colours.

    Parameters
    ----------
    effects : mapping
        Label -> (n_units, n_units): row i holds what unit i hears, above 0 what excites it.
    """
    scale = about_zero(np.stack(list(effects.values())), 99)
    columns = min(len(effects), MOST_ON_PAPER) if page().is_paper else len(effects)
    rows = -(-len(effects) // columns)
    wanted = max(1, round(MATRIX_SIZE / grid.n_units)) * grid.n_units
    around = LEFT + columns * GAP + 90
    size = round(page().filled((wanted, columns * wanted), around)[0])
    width = page().across(around + columns * size)
    said = words(
        title,
        "Red excites, blue inhibits; units in their order, row by row of the grid. Scale: to the 99th "
        f"percentile of all weights but 0.\nLearnt from {data}.",
        width - LEFT,
        lines=2,
    )
    pitch, top, bottom = size + BETWEEN, 70 + said.above, 84 + said.below
    height = top + size + (rows - 1) * pitch + bottom
    figure = said.figure(width, height)
    image = None
    for number, (label, matrix) in enumerate(effects.items()):
        row, column = divmod(number, columns)
        at = LEFT + column * (size + GAP), bottom + (rows - 1 - row) * pitch
        axes = figure.add_axes((at[0] / width, at[1] / height, size / width, size / height))
        image = axes.imshow(matrix, cmap="RdBu_r", norm=scale, interpolation="nearest")
        _name(axes, label, matrix, grid, size)
        if column > 0:
            axes.set_ylabel("")
    left = LEFT + columns * (size + GAP) - GAP // 2
    bar = figure.add_axes(
        (left / width, bottom / height, 16 / width, (height - top - bottom) / height)
    )
    if image is not None:
        figure.colorbar(image, cax=bar, extend="both", label="lateral weight")
    figure.text(LEFT / width, 1 - (top - 46) / height, said.title, fontsize="large")
    figure.text(LEFT / width, 12 / height, said.note, fontsize="small")
    return figure


def _name(axes: Axes, label: str, matrix: Floats, grid: Grid, size: int) -> None:
    """Write above a matrix what it is, with its range, and at its sides what it is of."""
    # Without the sign of a zero.
    low, high = float(matrix.min()) + 0.0, float(matrix.max()) + 0.0
    # Its weights go on a line of their own where there is no room beside its name.
    label, lines = fitted(f"{label}: {low:.2g} to {high:.2g}", size + GAP - 10, "medium")
    axes.set_title(label, fontsize="medium" if lines == 1 else "small")
    named = max(1, min(MOST_NAMED, size // ROOM_FOR_NAME))
    starts = np.arange(0, grid.n_units, grid.cols * max(1, grid.rows // named))
    names = [str(start // grid.cols) for start in starts]
    axes.set_xticks(starts - 0.5, names)
    axes.set_yticks(starts - 0.5, names)
    axes.set_xlabel(fitted("... by a unit of this grid row", size + GAP - 10, "medium")[0])
    axes.set_ylabel(fitted("a unit of this grid row is influenced ...", size + GAP, "medium")[0])
