"""Lateral weights in colours: red excites, blue inhibits."""

from typing import Any

import numpy as np

from topodream.arrays import Floats
from topodream.pictures.figure_parts import Axes, Figure, colormaps


def reds_and_blues(elsewhere: str) -> Any:
    """Return colours from blue to red, 0 white; and a colour of what is no number."""
    return colormaps["RdBu_r"].with_extremes(bad=elsewhere)


def signed_bar(figure: Figure, image: Any, bar: Axes, values: Floats) -> None:
    """Draw the colour bar of a scale about 0, without the half of which there is nothing."""
    low, high = bool((values < 0).any()), bool((values > 0).any())
    beyond = bool(values.size) and np.abs(values).max() > image.norm.vmax
    extend = "neither" if not beyond else "both" if low == high else "min" if low else "max"
    drawn = figure.colorbar(image, cax=bar, extend=extend, label="lateral weight")
    limit = image.norm.vmax
    if low != high:
        drawn.ax.set_ylim(-limit if low else 0, limit if high else 0)
