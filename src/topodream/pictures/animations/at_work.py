"""A map at work: input, activity on the grid and reconstruction, side by side."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.measures.responses import Drawn, respond
from topodream.models import MODELS
from topodream.pictures import animation
from topodream.pictures.performing import Animation, Performance
from topodream.settings.config import Experiment
from topodream.traits import TRACE

# The notebook's trace, for maps that were trained without one.
NOTEBOOK_TRACE = 0.5


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
    responses = respond(model.trained.state, samples, experiment)
    height, width = model.form.image_shape
    scale = animation.activity_scale(responses.activity)
    activity = grid.sheet(responses.activity)
    n = len(samples)
    panels = [
        animation.Panel(f"input, {height} x {width}", n, _images(samples, model.form.image_shape)),
        animation.Panel(
            f"activity of {grid.rows} x {grid.cols} units{said}",
            n,
            lambda number: animation.stretch(animation.activity_levels(activity[number], scale)),
        ),
        animation.Panel("reconstruction", n, _images(responses.drawn, model.form.image_shape)),
    ]
    frames = animation.side_by_side(panels, f"{performance.caption}, held-out", scale)
    return Animation(frames, performance.frame_ms)


def _images(
    values: Vectors | Drawn, image_shape: tuple[int, ...]
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
