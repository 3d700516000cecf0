"""Which units prefer colours, and which two each of them tells apart."""

import numpy as np

from topodream.arrays import Complex, Floats
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.colour import COLOURED, colour_shares, coloured, hues
from topodream.measures.orientation import angles
from topodream.pictures import beside
from topodream.pictures.beside import INK, Panels
from topodream.pictures.canvas import unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure
from topodream.pictures.shades import colours
from topodream.pictures.whereabouts import behind, of_units, where

# How strong the colours of a unit are drawn that has no brightness.
STRENGTH = 1.3
# The radius of the disc in a unit's square. In it is the colour from orange-red to blue-green.
DISC, FIRST = 0.38, -np.pi / 4
# Bins of both histograms.
N_SHARES, N_HUES = 20, 12


def draw(material: Material) -> Figure:
    """Draw which units prefer colours, and which."""
    return beside.of_map(material, "preferred colours", plot)


def layer(material: Material) -> Floats:
    """Return how much of each unit's prototype is colour: its share of the squares."""
    with np.errstate(all="ignore"):  # of a map that diverged
        return colour_shares(beside.weights_of(material), material.model.form)


def in_words(material: Material) -> str:
    """Say how many units prefer colours, and where they are."""
    model, grid = material.model, material.model.experiment.surface
    with np.errstate(all="ignore"):  # of a map that diverged
        coloured = colour_shares(beside.weights_of(material), model.form) > COLOURED
    return f"{of_units(coloured)} prefer colours to brightness{behind(where(coloured, grid))}."


def plot(weights: Floats, form: Form, grid: Grid, title: str, data: str) -> Figure:
    """Draw the two opposite colours that each unit tells apart, the paler the more it sees brightness.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    form : Form
        Theirs, of opponent colours.
    """
    with np.errstate(all="ignore"):  # of a map that diverged
        shares, axes_of_hue = colour_shares(weights, form), angles(hues(weights, form))
    figure, axes, panels = beside.map_axes(grid, title, _note(grid, data))
    sides = (axes_of_hue - FIRST) % np.pi + FIRST
    drawn_in = np.exp(1j * sides) * np.nan_to_num(shares)
    beside.show_map(axes, _discs(grid.sheet(drawn_in), beside.pixels_of(axes)), grid)
    _draw_shares(panels, shares)
    beside.show_part(axes, panels, weights, form, grid, beside.part_of(drawn_in**2, grid, form))
    _draw_hues(panels, axes_of_hue[coloured(shares)])
    axes.set(xlim=(-0.5, grid.cols - 0.5), ylim=(grid.rows - 0.5, -0.5))
    unit_ticks(axes, grid)
    return figure


def _note(grid: Grid, data: str) -> str:
    """Return what stands below."""
    torus = "" if grid.period is None else " Opposite borders touch."
    return (
        "Disc and rim: the two opposite colours that a unit tells apart, the greyer, the more of "
        f"its prototype is brightness.{torus}\nIn the round histogram areas are counts; dashed: if "
        f"all were as frequent.\nData: {data}."
    )


def drawn(colour: Complex) -> Floats:
    """Return what a colour looks like: red against green, and i times blue against yellow.

    Parameters
    ----------
    colour : (...)
        Of absolute values up to 1.

    Returns
    -------
    (..., 3) in [0, 1]
    """
    values = STRENGTH * np.stack([0 * colour.real, colour.real, colour.imag], axis=-1)
    return colours(values, Form(1, 1, "opponent", "on_off"))


def _discs(sheet: Complex, size: tuple[int, int]) -> Floats:
    """Return a picture of units as squares: a colour in a disc, its opposite around that."""
    cells = [pixels // units for pixels, units in zip(size, sheet.shape, strict=True)]
    down, right = ((np.arange(cell) + 0.5) / cell - 0.5 for cell in cells)
    # Half a pixel inside the rim, the disc's share of a pixel is whole; half a pixel outside, 0.
    inside = np.clip((DISC - np.hypot(down[:, None], right)) * min(cells) + 0.5, 0, 1)
    middle, around = (
        np.repeat(np.repeat(drawn(each).astype(np.float32), cells[0], 0), cells[1], 1)
        for each in (sheet, -sheet)
    )
    share = np.tile(inside, sheet.shape)[..., None]
    picture: Floats = share * middle + (1 - share) * around
    return picture


def _draw_shares(panels: Panels, shares: Floats) -> None:
    """Draw how many units have how much of their energy in colours."""
    known = shares[np.isfinite(shares)]
    counts, ends = np.histogram(known, N_SHARES, (0, 1))
    n_coloured = int(coloured(shares).sum())
    share = 100 * n_coloured / len(shares)
    panel = panels.add(90, f"{n_coloured:,} coloured units, {share:.0f} %", below=beside.TICKS)
    middles = (ends[:-1] + ends[1:]) / 2
    panel.bar(middles, counts, width=1 / N_SHARES, color=drawn(middles + 0j), edgecolor="white")
    panel.axvline(COLOURED, color=INK, linewidth=1, linestyle=(0, (3, 2)))
    panel.set(xlim=(0, 1), yticks=[])
    names = {0: "0, brightness", COLOURED: f"{COLOURED}", 1: "1, colour"}
    panel.set_xticks(list(names), list(names.values()), fontsize="small")
    first, _, last = panel.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    for side in ("left", "right", "top"):
        panel.spines[side].set_visible(False)


def _draw_hues(panels: Panels, turned: Floats) -> None:
    """Draw how many coloured units tell which colours apart."""
    bins = np.rint(turned / np.pi * N_HUES).astype(int) % N_HUES
    counts = np.bincount(bins, minlength=N_HUES)
    panel = panels.add(230, "which colours these tell apart")
    round_them = drawn(np.exp(1j * np.pi * np.arange(2 * N_HUES) / N_HUES))
    beside.rose(panel, counts, round_them, {0: "red", 90: "blue", 180: "green", 270: "yellow"})
