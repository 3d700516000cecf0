"""Every unit's prototype at its place on the grid."""

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.pictures.canvas import exact_axes, greys, show_in_strips, tiled, unit_ticks
from topodream.pictures.drawing import Material
from topodream.pictures.figure_parts import Figure, Normalize, ScalarMappable
from topodream.pictures.tiles import tile, weight_scale


def draw(material: Material) -> Figure:
    """Draw every unit's prototype."""
    model, grid = material.model, material.model.experiment.grid
    title = material.title(f"prototypes of {grid.rows} x {grid.cols} units")
    return plot(model.trained.weights, model.form.image_shape, grid, title, model.data)


def plot(
    weights: Floats, image_shape: tuple[int, ...], grid: Grid, title: str, data: str
) -> Figure:
    """Draw every unit's prototype at its place on the grid, all on one scale.

    The scale ends at the 99.9th percentile of all weights, or a few large ones would
    leave the rest white.
    """
    height, width = image_shape
    picture = tile(weights.reshape(-1, height, width), grid.cols)
    scale = Normalize(0, weight_scale(weights))
    note = f"Learnt from {data}. Scale: 0 to the 99.9th percentile."
    figure, axes, bar = exact_axes(picture.shape, tiled(picture.shape), title, note)
    show_in_strips(axes, picture, greys(), scale)
    figure.colorbar(ScalarMappable(scale, greys()), cax=bar, extend="max", label="weight")
    unit_ticks(axes, grid, (height + 1, width + 1))
    return figure
