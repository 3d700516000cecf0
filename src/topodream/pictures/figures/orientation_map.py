"""The orientation that each unit prefers: the picture people know of the visual cortex."""

import math
from typing import Any

import numpy as np

from topodream.arrays import Complex, Floats, Integers
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.order import among, neighbour_pairs
from topodream.measures.orientation import (
    ORIENTED,
    angles,
    mean_turn,
    oriented,
    preferences,
    windings,
)
from topodream.pictures import beside
from topodream.pictures.beside import INK, Panels
from topodream.pictures.canvas import text_width, unit_ticks
from topodream.pictures.cyclic import painted, turning_colours
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import DPI
from topodream.pictures.whereabouts import of_units

# The selectivity of full colour.
FULL = 0.5
# What a bar needs at least, in pixels: where units are smaller, one stands for several.
LEAST_BAR = 13
# Pinwheels by the way orientations turn as one goes round them anticlockwise: colour and rim.
TURNS = {1: ("anticlockwise", "white", "black"), -1: ("clockwise", "black", "white")}
DARK = "#1c1c1c"
# Bars of the key, bins of the histogram, hues of the scale.
N_KEYS, N_BINS, N_HUES = 8, 16, 4


def draw(material: Material) -> Figure:
    """Draw the orientation that each unit prefers."""
    return beside.of_map(material, "preferred orientations", plot)


def layer(material: Material) -> Floats:
    """Return the orientation that each unit prefers, in degrees; NaN where it prefers none."""
    with np.errstate(all="ignore"):  # of a map that diverged
        preferred = preferences(beside.weights_of(material), material.model.form)
    degrees: Floats = np.where(oriented(preferred), np.degrees(angles(preferred)), np.nan)
    return degrees


def in_words(material: Material) -> str:
    """Say how many units prefer an orientation, which most of all, and how ordered they are."""
    model, grid = material.model, material.model.experiment.surface
    with np.errstate(all="ignore"):  # of a map that diverged
        preferred = preferences(beside.weights_of(material), model.form)
        prefer = oriented(preferred)
        turn = mean_turn(preferred, among(neighbour_pairs(grid), prefer))
    said = f"{of_units(prefer)} prefer an orientation"
    if not prefer.any():
        return f"{said}."
    n_pinwheels = np.count_nonzero(windings(preferred, grid))
    usual = np.degrees(angles(preferred[prefer].sum(keepdims=True)))[0]
    order = f"; those of neighbours differ by {turn:.0f} degrees" if np.isfinite(turn) else ""
    return f"{said}, most often one near {usual:.0f} degrees (0 lies, 90 stands){order}. There are {n_pinwheels} pinwheels."


def plot(weights: Floats, form: Form, grid: Grid, title: str, data: str) -> Figure:
    """Draw the orientation that each unit prefers, with pinwheels, and how frequent each is.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    form : Form
        Theirs, signed.
    """
    with np.errstate(all="ignore"):  # of a map that diverged
        preferred = preferences(weights, form)
    figure, axes, panels = beside.map_axes(grid, title, _note(grid, form, data))
    wraps, size = grid.period is not None, beside.pixels_of(axes)
    beside.show_map(axes, painted(grid.sheet(preferred) / FULL, size, wraps=wraps), grid)
    _draw_bars(axes, preferred, grid)
    _draw_key(panels)
    _mark_pinwheels(axes, panels, windings(preferred, grid), grid)
    part = beside.part_of(preferred, grid, form)
    beside.show_part(axes, panels, weights, form, grid, part)
    _draw_rose(panels, preferred)
    axes.set(xlim=(-0.5, grid.cols - 0.5), ylim=(grid.rows - 0.5, -0.5))
    unit_ticks(axes, grid)
    return figure


def _note(grid: Grid, form: Form, data: str) -> str:
    """Return what stands below."""
    torus = "" if grid.period is None else " Opposite borders touch."
    of = "the brightness of their prototypes" if form.n_colours > 1 else "their prototypes"
    return (
        f"Colours and bars: the orientation that units prefer, by {of}, ON - OFF; dark: none.\n"
        f"Between units colours run on.{torus} In the histogram areas are counts; dashed: if all "
        f"orientations were as frequent.\nData: {data}."
    )


# ------------------------------------------------------------------ on the map


def _draw_bars(axes: Axes, preferred: Complex, grid: Grid) -> None:
    """Draw a bar for each oriented unit, or for the mean of several that are small."""
    height, width = beside.cell_of(axes, grid)
    step = min(math.ceil(LEAST_BAR / min(height, width)), grid.rows, grid.cols)
    means = _means(grid.sheet(preferred), step)
    down, right = np.nonzero(oriented(means))
    turned = angles(means[down, right])
    middle = (step - 1) / 2
    x, y = step * right + middle, step * down + middle
    # All are as long in pixels, however a thin grid is stretched.
    half = 0.36 * step * min(height, width)
    across, up = half * np.cos(turned) / width, half * np.sin(turned) / height
    between = np.full(len(x), np.nan)
    xs, ys = np.stack([x - across, x + across, between]), np.stack([y + up, y - up, between])
    thick = min(4.0, 0.2 * half + 0.3) * 72 / DPI
    axes.plot(
        xs.T.ravel(), ys.T.ravel(), color="white", alpha=0.8, linewidth=thick,
        solid_capstyle="round",
    )  # fmt: skip


def _means(sheet: Complex, step: int) -> Complex:
    """Return the means of squares of ``step`` x ``step`` units; what is left at the end has none."""
    rows, cols = (length // step for length in sheet.shape)
    squares = sheet[: rows * step, : cols * step].reshape(rows, step, cols, step)
    means: Complex = squares.mean(axis=(1, 3))
    return means


def _mark_pinwheels(axes: Axes, panels: Panels, turns: Integers, grid: Grid) -> None:
    """Mark pinwheels between their four units, and say in a panel which are which."""
    size = float(np.clip(0.42 * min(beside.cell_of(axes, grid)), 2.5, 8)) * 72 / DPI
    key = panels.add(24, "pinwheels, round which orientations turn")
    # As on the map, where they stand on dark.
    width = panels.width
    key.set(xlim=(0, width), ylim=(0, 24), xticks=[], yticks=[], facecolor=DARK)
    x = 14.0
    for turn, (way, face, rim) in TURNS.items():
        down, right = np.nonzero(turns == turn)
        look: dict[str, Any] = {"color": face, "markeredgecolor": rim, "markeredgewidth": 0.9}
        axes.plot(right + 0.5, down + 0.5, "o", markersize=size, clip_on=False, **look)
        key.plot([x], [12], "o", markersize=6, **look)
        said = f"{len(down):,} {way}"
        key.text(x + 10, 12, said, va="center_baseline", fontsize="small", color="white")
        x = max(width / 2 + 8, x + 18 + text_width(said, "small"))


# ------------------------------------------------------------------ beside it


def _draw_key(panels: Panels) -> None:
    """Draw what colours stand for: bars of all orientations, and how dark which selectivity is."""
    panel, width = panels.add(44, "preferred orientation"), panels.width
    panel.set(xlim=(0, width), ylim=(0, 44))
    panel.set_axis_off()
    turned = np.pi * np.arange(N_KEYS) / N_KEYS
    for place, (angle, colour) in enumerate(
        zip(turned, turning_colours(np.exp(2j * turned)), strict=True)
    ):
        x, across, up = (place + 0.5) * width / N_KEYS, 11 * np.cos(angle), 11 * np.sin(angle)
        panel.plot(
            [x - across, x + across], [31 - up, 31 + up], color=colour, linewidth=4.5,
            solid_capstyle="round",
        )  # fmt: skip
        degrees = f"{180 * place / N_KEYS:.0f}°" if place % 2 == 0 else ""
        panel.text(x, 0, degrees, ha="center", fontsize="small", color=INK)
    scale = panels.add(20, "selectivity", below=beside.TICKS)
    hues = np.exp(2j * np.pi * np.arange(N_HUES) / N_HUES)[:, None]
    scale.imshow(
        turning_colours(np.linspace(0, 1, width) * hues), aspect="auto", interpolation="nearest",
        extent=(0, FULL, 0, 1),
    )  # fmt: skip
    scale.set_xticks(
        [0, ORIENTED, FULL], ["0", f"{ORIENTED}, oriented", f"≥ {FULL}"], fontsize="small"
    )
    scale.set_yticks([])


def _draw_rose(panels: Panels, preferred: Complex) -> None:
    """Draw how many oriented units prefer each orientation."""
    shown = preferred[oriented(preferred)]
    bins = np.rint(angles(shown) / np.pi * N_BINS).astype(int) % N_BINS
    counts = np.bincount(bins, minlength=N_BINS)
    share = 100 * len(shown) / len(preferred)
    panel = panels.add(146, f"{len(shown):,} oriented units, {share:.0f} %")
    hues = turning_colours(np.exp(2j * np.pi * np.arange(N_BINS) / N_BINS))
    beside.rose(panel, counts, hues, {degrees: f"{degrees}°" for degrees in (0, 45, 90, 135, 180)})
