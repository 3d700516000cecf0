"""How a map formed: all prototypes after each epoch."""

import numpy as np

from topodream.pictures import animation
from topodream.pictures.performing import Animation, Performance
from topodream.pictures.tiles import weight_scale

# How long a map is shown as it was after an epoch, and after the last one.
EPOCH_MS, LAST_EPOCH_MS = 400, 2000


def animate(performance: Performance) -> Animation:
    """Show all prototypes after each epoch of which there is a snapshot.

    One scale holds for all: that of the map as it is now. What was blacker is black.
    """
    model = performance.model
    experiment, snapshots = model.experiment, model.trained.snapshots
    largest = weight_scale(model.trained.weights)

    def sheet(number: int) -> animation.Frame:
        weights = snapshots[number].arrays["weights"].astype(np.float32)
        return animation.prototype_sheet(weights, model.form.image_shape, experiment.grid, largest)

    label = f"prototypes; black: {largest:.2g} or more"
    counters = [f"epoch {snapshot.epoch} of {experiment.epochs}" for snapshot in snapshots]
    panels = [animation.Panel(label, len(snapshots), sheet)]
    durations = [EPOCH_MS] * (len(snapshots) - 1) + [LAST_EPOCH_MS]
    return Animation(animation.side_by_side(panels, performance.caption, None, counters), durations)
