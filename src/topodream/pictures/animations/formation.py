"""How a map formed: all prototypes after each epoch."""

import math
from dataclasses import replace

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
# Ends of scales in a decade.
STEPS = 10
# What the longer side of a sheet of prototypes measures at most.
LARGEST_SHEET = 900
# What the shorter side of a thin one measures, as long as its longer side isn't longer than that.
LEAST_SHEET, LONGEST_SHEET = 56, 1800


def animate(performance: Performance) -> Animation:
    """Show all prototypes after each epoch of which there is a snapshot.

    Each epoch has a scale of its own: on that of the finished map all would begin black. It goes in
    steps, so that what rests doesn't flicker, and takes few bytes. Units that haven't learnt until
    then are faint, however large the weights are that they began with.
    """
    model = performance.model
    experiment, snapshots = model.experiment, model.trained.snapshots

    def weights_of(number: int) -> Floats:
        weights: Floats = snapshots[number].arrays["weights"].astype(np.float32)
        return weights

    scales = []
    for number, snapshot in enumerate(snapshots):
        weights = weights_of(number)
        alive = model.alive(weights, snapshot.epoch)
        scales.append(_in_steps(Scale.of_prototypes(weights, model.form, alive)))
    inks = inks_for(scales[-1], scales[-1].all_shades(weights_of(-1)))

    def sheet(number: int) -> Frame:
        return prototype_sheet(weights_of(number), scales[number], experiment.grid, inks)

    counters = [
        f"{_end(scale)}epoch {snapshot.epoch} of {experiment.epochs}"
        for scale, snapshot in zip(scales, snapshots, strict=True)
    ]
    panels = [animation.Panel(f"prototypes; {_said(scales[-1])}", len(snapshots), sheet)]
    durations = [EPOCH_MS] * (len(snapshots) - 1) + [LAST_EPOCH_MS]
    frames = animation.side_by_side(panels, performance.caption, None, counters)
    return Animation(frames, durations, inks.palette)


def _in_steps(scale: Scale) -> Scale:
    """Return a scale that ends at one of ten values in a decade, the nearest."""
    return replace(scale, high=10 ** (round(STEPS * math.log10(scale.high)) / STEPS))


def _said(scale: Scale) -> str:
    """Return in words what shades stand for in all epochs."""
    faint = "faint: no win so far, or faded"
    if scale.form.is_signed:
        return f"ON - OFF, 0 is mid-grey; scale: each unit's largest; {faint}"
    return f"{'black' if scale.form.is_bright else 'white'}: the unit's least weight; {faint}"


def _end(scale: Scale) -> str:
    """Return in words where the scale of an epoch ends, if it is one for all units."""
    if scale.form.is_signed:
        return ""
    largest = "full colours" if scale.is_coloured else "white" if scale.form.is_bright else "black"
    return f"{largest}: {scale.high:.2g} or more; "


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
