"""All lateral weights as matrices."""

from collections.abc import Mapping

import numpy as np

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.pictures.canvas import DPI, LINE_OF_TEXT, LINE_OF_TITLE, about_zero, fitted
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure

# Pixels that a matrix aims at.
MATRIX_SIZE = 400


def draw(material: Material) -> Figure:
    """Draw all lateral weights, and what they come to together."""
    grid = material.model.experiment.grid
    units, lateral = np.arange(grid.n_units), material.lateral
    effects = {found.title: found.effects(units) for found in lateral}
    acting = [effects[found.title] for found in lateral if found.acts]
    effects["together, as they act"] = np.sum(acting, axis=0)
    title = material.title("lateral weights")
    return plot(effects, grid, title, material.model.data)


def plot(effects: Mapping[str, Floats], grid: Grid, title: str, data: str) -> Figure:
    """Draw whole matrices of lateral weights side by side, on one scale of colours.

    Parameters
    ----------
    effects : mapping
        Label -> (n_units, n_units): row i holds what unit i hears, above 0 what excites it.
    """
    scale = about_zero(np.stack(list(effects.values())), 99)
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
