"""U-matrix: how much each unit's prototype differs from its neighbours'."""

import numpy as np

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.measures.order import directions, neighbour_pairs, similarities
from topodream.pictures.canvas import draw_sheet, sheet_axes, unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure, Normalize
from topodream.pictures.whereabouts import ALL_OVER, where


def draw(material: Material) -> Figure:
    """Draw how much each unit's prototype differs from its neighbours'."""
    model, grid = material.model, material.model.experiment.surface
    return plot(layer(material), grid, material.title("U-matrix"), model.data)


def layer(material: Material) -> Floats:
    """Return how much each unit's prototype differs from its neighbours'."""
    model = material.model
    return neighbour_distances(model.trained.weights, model.experiment.surface)


def in_words(material: Material) -> str:
    """Say how different neighbours are, and where they differ most."""
    grid = material.model.experiment.surface
    distances = neighbour_distances(material.model.trained.weights, grid)
    if not np.isfinite(distances).any():
        return "No unit has a neighbour to be compared with."
    low, middle, high = np.nanquantile(distances, (0.05, 0.5, 0.95))
    far = distances >= np.nanquantile(distances, 0.9)
    return (
        f"Distances of prototypes to their neighbours: {middle:.2f} in the median, {low:.2f} to {high:.2f} "
        f"for nine tenths of {grid.n_units:,} units; the largest are {where(far, grid) or ALL_OVER}."
    )


def plot(distances: Floats, grid: Grid, title: str, data: str) -> Figure:
    """Draw how much each unit's prototype differs from its neighbours'.

    Parameters
    ----------
    distances : (n_units,)
        See :func:`neighbour_distances`; NaN, no neighbour, is white.
    """
    torus = "" if grid.period is None else " Opposite borders touch."
    note = (
        "Distance: 1 - correlation of two prototypes. 0: the same pattern, 1: unrelated; a constant\n"
        f"prototype is at 1 from any. Scale: 1st to 99th percentile.\nData: {data}.{torus}"
    )
    figure, axes, bar = sheet_axes(grid, title, note, lines=3)
    # A few units without pattern would leave the rest in one colour.
    ends = np.nanpercentile(distances, (1, 99)) if np.isfinite(distances).any() else (0, 1)
    scale = Normalize(*ends)
    image = draw_sheet(axes, grid.sheet(distances), "cividis", scale)
    figure.colorbar(image, cax=bar, extend="both", label="mean distance to touching units")
    unit_ticks(axes, grid)
    return figure


def neighbour_distances(weights: Floats, grid: Grid) -> Floats:
    """Return the U-matrix: each unit's mean distance to the units that touch it.

    Those of opposite borders do on a torus.

    Distance is 1 - Pearson's correlation of prototypes: 0 for equal patterns whatever their
    strength, 1 for unrelated ones, 2 for opposite ones. A constant prototype is at 1 from any.
    After Ultsch and Siemon (1990), "Kohonen's self organizing feature maps for exploratory
    data analysis", who take Euclidean distances: with these, a unit would stand out for
    being strong.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    grid : Grid

    Returns
    -------
    (n_units,) in [0, 2], NaN for a unit that nothing touches
    """
    one, other = neighbour_pairs(grid)
    distances = 1 - similarities(directions(weights, centred=True), (one, other))
    both = np.concatenate([one, other])
    total = np.bincount(both, np.concatenate([distances, distances]), minlength=grid.n_units)
    touching = np.bincount(both, minlength=grid.n_units)
    means: Floats = np.divide(
        total, touching, out=np.full(grid.n_units, np.nan), where=touching > 0
    )
    return means
