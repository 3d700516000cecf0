"""How often each unit won."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.pictures.canvas import draw_sheet, sheet_axes, unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure, LogNorm
from topodream.pictures.whereabouts import ALL_OVER, of_units, where


def draw(material: Material) -> Figure:
    """Draw how often each unit won."""
    model = material.model
    title = material.title("wins of each unit")
    return plot(model.last_wins, model.experiment.grid, title, model.data)


def layer(material: Material) -> Floats:
    """Return how often each unit won in the last epoch."""
    return material.model.last_wins.astype(float)


def in_words(material: Material) -> str:
    """Say how many units win, where the others are, and how unequally they win."""
    wins, grid = material.model.last_wins, material.model.experiment.surface
    won = wins > 0
    said = f"{of_units(won)} won in the last epoch"
    if not won.any():
        return f"{said}."
    if lie := where(~won, grid):
        said += f", the others are {lie}"
    often = wins >= np.quantile(wins[won], 0.9)
    return (
        f"{said}. Half of those won at most {np.median(wins[won]):,.0f} times, one {wins.max():,} times; "
        f"the tenth that won most are {where(often, grid) or ALL_OVER}."
    )


def plot(wins: npt.NDArray[np.int64], grid: Grid, title: str, data: str) -> Figure:
    """Draw how often each unit won, on a logarithmic scale; white units never did."""
    dead = 100 * float(np.mean(wins == 0))
    note = f"White: never won ({dead:.1f} % of units).\nData: {data}."
    figure, axes, bar = sheet_axes(grid, title, note, lines=2)
    sheet = np.ma.masked_equal(grid.sheet(wins), 0)
    # Over a decade at least, or the ticks of its parts are written out.
    scale = LogNorm(1, max(int(wins.max()), 10))
    image = draw_sheet(axes, sheet, "viridis", scale)
    figure.colorbar(image, cax=bar, label="wins in the last epoch")
    unit_ticks(axes, grid)
    return figure
