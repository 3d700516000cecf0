"""Lateral weights of one kind, a tile for each unit."""

import numpy as np

from topodream.arrays import Floats, Indices
from topodream.grid import Grid
from topodream.pictures import neighbourhoods
from topodream.pictures.canvas import (
    about_zero,
    exact_axes,
    tiled,
    widen_for_labels,
    write_numbers,
)
from topodream.pictures.drawing import Material
from topodream.pictures.effects import reds_and_blues, signed_bar
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import DPI
from topodream.pictures.tiles import spread_units, tile
from topodream.traits import LEARNT_EXCITATION

# Grids longer than that many times their width have tiles one below, or beside, the other.
THIN = 4
# Pixels that a unit has to measure in a tile for a dot to mark it.
LEAST_MARKED = 3
# Between tiles of red and blue.
SEPARATOR_COLOUR = "#9a9a9a"


def lateral_excitation(material: Material) -> Figure:
    """Draw what excites each unit; of fixed weights, alike all over the map, some units' alone."""
    if LEARNT_EXCITATION in material.traits:
        return draw("lateral_excitation", material)
    return neighbourhoods.draw("lateral_excitation", material)


def global_inhibition(material: Material) -> Figure:
    """Draw what inhibits each unit, over the whole grid."""
    return draw("global_inhibition", material)


def column_inhibition(material: Material) -> Figure:
    """Draw what inhibits each unit in its column."""
    return draw("column_inhibition", material)


def draw(name: str, material: Material) -> Figure:
    """Draw one kind of lateral weights, by their name (:class:`topodream.models.model.LateralWeights`)."""
    grid = material.model.experiment.grid
    (lateral,) = (found for found in material.lateral if found.name == name)
    rows, cols = shown = spread_units(grid)
    units = (rows[:, None] * grid.cols + cols).ravel()
    title = material.title(lateral.title)
    return plot(lateral.effects(units), shown, grid, title, material.model.data)


def lateral_excitation_in_words(material: Material) -> str:
    """Say by how many units, how strongly and from how far units are excited."""
    return _heard(material, "lateral_excitation")


def global_inhibition_in_words(material: Material) -> str:
    """Say by how many units, how strongly and from how far units are inhibited."""
    return _heard(material, "global_inhibition")


def column_inhibition_in_words(material: Material) -> str:
    """Say by how many units of their columns, how strongly and from how far units are inhibited."""
    return _heard(material, "column_inhibition")


def _heard(material: Material, name: str) -> str:
    grid = material.model.experiment.surface
    (lateral,) = (one for one in material.lateral if one.name == name)
    units = np.unique(np.linspace(0, grid.n_units - 1, 100).astype(np.intp))
    sizes = np.abs(lateral.effects(units))
    if not np.isfinite(sizes).all() or not sizes.any():
        return f"{lateral.title.capitalize()}: no unit hears another."
    apart = grid.apart(units[:, None], np.arange(grid.n_units)[None]).max(axis=-1)
    does = "inhibited" if "inhibition" in name else "excited"
    return (
        f"Units are {does} by {np.median((sizes > 0).sum(axis=1)):.0f} others in the median, with "
        f"weights up to {sizes.max():.2g}, which come from {float((sizes * apart).sum() / sizes.sum()):.1f} "
        "units away on average."
    )


def plot(
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
    columns = _columns_of_tiles(grid, shown)
    picture = tile(grid.sheet(effects), columns)
    complete = len(effects) == grid.n_units
    enlarged = tiled(picture.shape)
    marked = enlarged >= LEAST_MARKED
    which = "each unit" if complete else f"{len(rows)} x {len(cols)} units, evenly chosen"
    ends = "to the 99.9th percentile of weights but 0" if effects.any() else "none, all are 0"
    note = (
        f"A tile for {which}: the whole grid, as far as it excites (red) or inhibits (blue) the "
        f"unit{', which is at the dot' if marked else ''}.\nScale: {ends}.\nData: {data}."
    )
    figure, axes, bar = exact_axes(picture.shape, enlarged, title, note, lines=3)
    scale = about_zero(effects, 99.9)
    image = axes.imshow(
        picture, cmap=reds_and_blues(SEPARATOR_COLOUR), norm=scale, interpolation="nearest"
    )
    signed_bar(figure, image, bar, effects)
    if marked:
        _mark_own_places(axes, shown, grid, columns, axes.bbox.height / len(picture))
    _tile_ticks(axes, grid, shown, columns)
    widen_for_labels(figure)
    return figure


def _columns_of_tiles(grid: Grid, shown: tuple[Indices, Indices]) -> int:
    """Return how many tiles stand side by side: at their places, but those of thin grids.

    Tiles of a row of units, in a row, would be a thread.
    """
    rows, cols = shown
    if grid.cols > THIN * grid.rows:
        return 1
    return len(rows) * len(cols) if grid.rows > THIN * grid.cols else len(cols)


def _mark_own_places(
    axes: Axes, shown: tuple[Indices, Indices], grid: Grid, columns: int, enlarged: float
) -> None:
    """Put a dot into each tile, where its unit is; a unit is ``enlarged`` pixels wide."""
    rows, cols = (each.ravel() for each in np.meshgrid(*shown, indexing="ij"))
    down, across = np.divmod(np.arange(len(rows)), columns)
    x, y = across * (grid.cols + 1) + 1 + cols, down * (grid.rows + 1) + 1 + rows
    points = 0.5 * enlarged * 72 / DPI
    axes.plot(
        x,
        y,
        "o",
        color="black",
        markersize=points,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _tile_ticks(axes: Axes, grid: Grid, shown: tuple[Indices, Indices], columns: int) -> None:
    """Write which units the tiles are of, and within tiles of thin grids which they show."""
    rows, cols = shown
    if columns == len(cols) and THIN * grid.rows >= grid.cols:
        write_numbers(axes.yaxis, rows, grid.rows + 1)
        write_numbers(axes.xaxis, cols, grid.cols + 1)
        axes.set(xlabel="unit column", ylabel="unit row")
        return
    units = [f"{row}, {col}" for row in rows for col in cols]
    if columns == 1:
        write_numbers(axes.yaxis, units, grid.rows + 1, first=0.5)
        write_numbers(axes.xaxis, np.arange(grid.cols), 1, first=1)
        axes.set(ylabel="unit: row, column", xlabel="column on the grid")
    else:
        write_numbers(axes.xaxis, units, grid.cols + 1, first=0.5)
        write_numbers(axes.yaxis, np.arange(grid.rows), 1, first=1)
        axes.set(xlabel="unit: row, column", ylabel="row on the grid")
