"""The picture of a tapestry."""

from topodream.arrays import Bytes
from topodream.form import Form
from topodream.pictures.canvas import exact_axes, show_in_strips, tiled
from topodream.pictures.figure_parts import Figure, Normalize, ScalarMappable, colormaps
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import draw_key, room_for_key


def draw(pixels: Bytes, form: Form, title: str, data: str) -> Figure:
    """Draw a tapestry, one pixel of it a pixel of the picture."""
    scale, shape = Scale(form), pixels.shape[:2]
    figure, axes, bar = exact_axes(shape, tiled(shape), title, data, beside=room_for_key(scale))
    shown = axes.get_title("left")
    if "\n" not in shown:
        axes.set_title("", loc="left")
        axes.set_title(shown)
    greys = colormaps["gray" if form.is_bright else "Greys"]
    show_in_strips(axes, pixels, greys, Normalize(0, 255))
    if scale.is_coloured:
        draw_key(figure, bar, scale, "pixel value")
    else:
        figure.colorbar(ScalarMappable(Normalize(0, 1), greys), cax=bar, label="pixel value")
    axes.set(xlabel="column, pixels", ylabel="row, pixels")
    return figure
