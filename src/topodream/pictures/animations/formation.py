"""How a map formed: all prototypes after each epoch."""

import numpy as np
from PIL import Image

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.pictures import animation
from topodream.pictures.animation import BORDER, Animation, Frame
from topodream.pictures.inks import Inks, inks_for
from topodream.pictures.performing import Performance
from topodream.pictures.shades import Scale
from topodream.pictures.tiles import tile

# How long a map is shown as it was after an epoch, and after the last one.
EPOCH_MS, LAST_EPOCH_MS = 400, 2000
# What the longer side of a sheet of prototypes measures at most.
LARGEST_SHEET = 900
# What the shorter side of a thin one measures, as long as its longer side isn't longer than that.
LEAST_SHEET, LONGEST_SHEET = 56, 1800


def animate(performance: Performance) -> Animation:
    """Show all prototypes after each epoch of which there is a snapshot.

    One scale holds for all: that of the map as it is now. What was larger is cut off.
    """
    model = performance.model
    experiment, snapshots = model.experiment, model.trained.snapshots
    scale = Scale.of_prototypes(model.trained.weights, model.form)
    inks = inks_for(scale, scale.all_shades(model.trained.weights))

    def sheet(number: int) -> Frame:
        weights = snapshots[number].arrays["weights"].astype(np.float32)
        return prototype_sheet(weights, scale, experiment.grid, inks)

    counters = [f"epoch {snapshot.epoch} of {experiment.epochs}" for snapshot in snapshots]
    panels = [animation.Panel(f"prototypes; {_said(scale)}", len(snapshots), sheet)]
    durations = [EPOCH_MS] * (len(snapshots) - 1) + [LAST_EPOCH_MS]
    frames = animation.side_by_side(panels, performance.caption, None, counters)
    return Animation(frames, durations, inks.palette)


def _said(scale: Scale) -> str:
    """Return the scale in words."""
    if scale.form.is_signed:
        return "ON - OFF, 0 is mid-grey; scale: each unit's largest at the end"
    largest = "full colours" if scale.is_coloured else "white" if scale.form.is_bright else "black"
    zero = "black: 0, " if scale.form.is_bright else ""
    return f"{zero}{largest}: {scale.high:.2g} or more"


def prototype_sheet(weights: Floats, scale: Scale, grid: Grid, inks: Inks) -> Frame:
    """Lay out all prototypes at their units' places.

    The sheet is enlarged by a whole factor or, where it is too large, shrunk by area; one of few
    rows or columns gets longer than others.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    scale : Scale
    grid : Grid
    inks : Inks
    """
    levels = np.concatenate([inks.levels(shades) for shades in scale.all_shades(weights)])
    sheet = tile(levels, grid.cols, fill=inks.fill(BORDER))
    height, width = sheet.shape[:2]
    enough = min(LEAST_SHEET / min(height, width), LONGEST_SHEET / max(height, width))
    factor = max(LARGEST_SHEET / max(height, width), enough)
    if factor < 1:
        # Levels of grey are evenly spaced: the mean of levels is the level of the mean.
        size = round(width * factor), round(height * factor)
        sheet = np.asarray(Image.fromarray(sheet).resize(size, Image.Resampling.BOX))
    drawn = inks.drawn(sheet)
    whole = max(1, int(factor))
    return drawn.repeat(whole, axis=0).repeat(whole, axis=1)
