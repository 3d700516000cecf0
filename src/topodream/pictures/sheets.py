"""Sheets: images of samples or of prototypes laid out on a figure, and the key to their shades."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array
from topodream.form import Form
from topodream.pictures.canvas import greys, show_in_strips
from topodream.pictures.figure_parts import (
    Axes,
    Figure,
    Normalize,
    ScalarMappable,
    colormaps,
    to_rgb,
)
from topodream.pictures.shades import Scale, colours, to_bytes
from topodream.pictures.tiles import tile

# What is between images that are drawn on mid-grey, or in colours.
DARK_SEPARATOR_COLOUR = "#44546f"
# What a pixel has, as the key calls it.
NAMES = {
    "rgb": ("red", "green", "blue"),
    "opponent": ("brightness", "red - green", "blue - yellow"),
}
# How fine the key is, and the room for one of three colours.
STEPS, ROOM_FOR_COLOURS = 256, 160


def sheet_of(values: npt.NDArray[Any], scale: Scale, columns: int) -> Array:
    """Lay images out in rows, as :func:`show` takes them.

    Parameters
    ----------
    values : (n_images, n_inputs)
    scale : Scale
    columns : int
        Images per row.

    Returns
    -------
    (height, width)
        Greys: values from ``scale.low`` to ``scale.high``, NaN between images.
    (height, width, 3) uint8
        Colours.
    """
    if not scale.is_coloured:
        return tile(scale.images(values), columns)
    between = np.array(to_rgb(DARK_SEPARATOR_COLOUR), np.float32)
    images = np.concatenate([to_bytes(shades) for shades in scale.all_shades(values)])
    return tile(images, columns, fill=to_bytes(between))


def show(axes: Axes, sheet: Array, scale: Scale) -> None:
    """Show a sheet, however large."""
    show_in_strips(axes, sheet, _greys(scale.form), Normalize(scale.low, scale.high))


def room_for_key(scale: Scale) -> tuple[int, int]:
    """Return the height and width that a key needs, if it is more than a bar of greys needs."""
    return (0, ROOM_FOR_COLOURS if scale.is_coloured else 0)


def draw_key(figure: Figure, bar: Axes, scale: Scale, label: str) -> None:
    """Draw what shades stand for: a bar of greys, or one for each colour alone."""
    if scale.is_coloured:
        _colour_key(bar, scale)
        bar.set_ylabel(label)
        return
    shown = ScalarMappable(Normalize(scale.low, scale.high), _greys(scale.form))
    extend = "neither" if scale.form.is_signed else "max"
    figure.colorbar(shown, cax=bar, extend=extend, label=label)


def _greys(form: Form) -> Any:
    """Return the colours of greys, and of what is between them."""
    if not form.is_bright:
        return greys()
    return colormaps["gray"].with_extremes(bad=DARK_SEPARATOR_COLOUR)


def _colour_key(bar: Axes, scale: Scale) -> None:
    """Draw a bar for each colour, the others at 0, with its name in it."""
    left, bottom, width, height = bar.get_position().bounds
    bar.set_position((left, bottom, 3 * width, height))
    alone = np.linspace(scale.low, scale.high, STEPS)[:, None, None] * np.eye(3) / scale.high
    bar.imshow(
        to_bytes(colours(alone, scale.form)), aspect="auto", interpolation="nearest",
        origin="lower", extent=(0, 3, scale.low, scale.high),
    )  # fmt: skip
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    bar.set_xticks([])
    # Where all bars are dark, or all mid-grey.
    signed = scale.form.is_signed
    ink, where, at = ("black", 0, "center") if signed else ("white", 0.03 * scale.high, "bottom")
    for place, name in enumerate(NAMES[scale.form.colours]):
        bar.text(
            place + 0.5, where, name, color=ink, rotation=90, ha="center", va=at, fontsize="small"
        )
