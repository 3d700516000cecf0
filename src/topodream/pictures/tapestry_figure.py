"""The picture of a tapestry."""

import numpy as np
import numpy.typing as npt

from topodream.pictures.canvas import exact_axes, show_in_strips, tiled
from topodream.pictures.figure_parts import Figure, Normalize, ScalarMappable, colormaps


def draw(pixels: npt.NDArray[np.uint8], title: str, data: str) -> Figure:
    """Draw a tapestry, one pixel of it a pixel of the picture."""
    figure, axes, bar = exact_axes(pixels.shape, tiled(pixels.shape), title, data)
    if "\n" not in axes.get_title("left"):
        axes.set_title("", loc="left")
        axes.set_title(title)
    greys = colormaps["Greys"]
    show_in_strips(axes, pixels, greys, Normalize(0, 255))
    figure.colorbar(ScalarMappable(Normalize(0, 1), greys), cax=bar, label="pixel value")
    axes.set(xlabel="column, pixels", ylabel="row, pixels")
    return figure
