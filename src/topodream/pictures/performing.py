"""From a map and its data to each of its animations, by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from topodream.blocks import blocks
from topodream.data.samples import Data, Vectors
from topodream.files.errors import InputError
from topodream.measures.responses import Drawn, show
from topodream.models import MODELS
from topodream.pictures import animation
from topodream.pictures.names import animation_names
from topodream.pictures.tiles import weight_scale
from topodream.settings.config import Experiment
from topodream.training.map_file import Map
from topodream.traits import TRACE

# The notebook's trace, for maps that were trained without one.
NOTEBOOK_TRACE = 0.5
# How long a map is shown as it was after an epoch, and after the last one.
EPOCH_MS, LAST_EPOCH_MS = 400, 2000


@dataclass(frozen=True)
class Performance:
    """What animations are made of.

    Attributes
    ----------
    model : Map
        With its snapshots.
    data : Data
        What it learnt.
    n_frames : int
        Held-out samples to show at most.
    frame_ms : int
        Milliseconds each is shown, a multiple of 10.
    """

    model: Map
    data: Data
    n_frames: int
    frame_ms: int

    @property
    def caption(self) -> str:
        """What stands below."""
        diverged = "" if self.model.trained.divergence is None else ", diverged"
        return f"{self.model.experiment.name}{diverged}"


@dataclass(frozen=True)
class Animation:
    """Frames of palette indices, and how many milliseconds each is shown."""

    frames: Iterator[animation.Frame]
    frame_ms: int | list[int]


def names_of(model: Map, data: Data) -> tuple[str, ...]:
    """Return the names of the animations that a map has."""
    return animation_names(model.experiment.model, data.is_sequence)


def animate(name: str, performance: Performance) -> Animation:
    """Return the animation of that name.

    Raises
    ------
    InputError
        If the map has no such animation.
    """
    if name not in names_of(performance.model, performance.data):
        raise InputError(f"{performance.model.experiment.name} has no animation {name}")
    return ANIMATED[name](performance)


def formation(performance: Performance) -> Animation:
    """Show all prototypes after each epoch of which there is a snapshot.

    One scale holds for all: that of the map as it is now. What was blacker is black.
    """
    model = performance.model
    experiment, snapshots = model.experiment, model.trained.snapshots
    largest = weight_scale(model.trained.weights)

    def sheet(number: int) -> animation.Frame:
        weights = snapshots[number].arrays["weights"].astype(np.float32)
        return animation.prototype_sheet(weights, model.image_shape, experiment.grid, largest)

    label = f"prototypes; black: {largest:.2g} or more"
    counters = [f"epoch {snapshot.epoch} of {experiment.epochs}" for snapshot in snapshots]
    panels = [animation.Panel(label, len(snapshots), sheet)]
    durations = [EPOCH_MS] * (len(snapshots) - 1) + [LAST_EPOCH_MS]
    return Animation(animation.side_by_side(panels, performance.caption, None, counters), durations)


def activity(performance: Performance) -> Animation:
    """Show held-out samples, each for itself: no trace, even where it was trained with one."""
    return _at_work(performance, with_trace(performance.model.experiment, None))


def trajectory(performance: Performance) -> Animation:
    """Show held-out frames in their order, with the map's trace or else the notebook's."""
    experiment = performance.model.experiment
    trace = experiment.trace or NOTEBOOK_TRACE
    return _at_work(performance, with_trace(experiment, trace), f", trace {trace:g}")


def with_trace(experiment: Experiment, trace: float | None) -> Experiment:
    """Return the experiment with another trace; as it is where its model has none."""
    if TRACE not in MODELS[experiment.model].traits:
        return experiment
    return replace(experiment, settings=replace(experiment.settings, trace=trace))


def _at_work(performance: Performance, experiment: Experiment, said: str = "") -> Animation:
    """Put input, activity on the grid and reconstruction side by side."""
    model, grid = performance.model, experiment.grid
    samples = performance.data.held_out.lazy_vectors(experiment.dtype, performance.n_frames)
    responses = show(model.trained.state, samples, experiment)
    height, width = model.image_shape
    scale = animation.activity_scale(responses.activity)
    activity = grid.sheet(responses.activity)
    n = len(samples)
    panels = [
        animation.Panel(f"input, {height} x {width}", n, _images(samples, model.image_shape)),
        animation.Panel(
            f"activity of {grid.rows} x {grid.cols} units{said}",
            n,
            lambda number: animation.stretch(animation.activity_levels(activity[number], scale)),
        ),
        animation.Panel("reconstruction", n, _images(responses.drawn, model.image_shape)),
    ]
    frames = animation.side_by_side(panels, f"{performance.caption}, held-out", scale)
    return Animation(frames, performance.frame_ms)


def _images(
    values: Vectors | Drawn, image_shape: tuple[int, int]
) -> Callable[[int], animation.Frame]:
    """Return a function: the number of a frame -> its image in greys, from rows of values.

    Rows are made a block at a time, as one product, and frames asked for in their order.
    """
    step = next(blocks(values.shape)).stop

    @lru_cache(maxsize=1)
    def block(number: int) -> animation.Frame:
        rows = values[number * step : (number + 1) * step]
        return animation.grey_levels(rows).reshape(-1, *image_shape)

    return lambda number: block(number // step)[number % step]


ANIMATED: dict[str, Callable[[Performance], Animation]] = {
    "formation": formation,
    "activity": activity,
    "trajectory": trajectory,
}
