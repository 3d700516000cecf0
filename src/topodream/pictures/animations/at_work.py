"""A map at work: input, activity on the grid and reconstruction, side by side."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from topodream.arrays import Floats
from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.measures.responses import Drawn, respond
from topodream.models import MODELS
from topodream.pictures import animation
from topodream.pictures.animation import Animation
from topodream.pictures.inks import Inks, inks_for
from topodream.pictures.performing import Performance
from topodream.pictures.shades import Scale
from topodream.settings.config import Experiment
from topodream.traits import TRACE

# The notebook's trace, for maps that were trained without one.
NOTEBOOK_TRACE = 0.5
# Images of each kind that colours are chosen by.
SOME = 50


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
    form, scale = model.form, Scale(model.form)
    inks = inks_for(scale, _some_shades(scale, samples, responses.drawn))
    largest = animation.activity_scale(responses.activity)
    activity = grid.sheet(responses.activity)
    n = len(samples)
    panels = [
        animation.Panel(
            ", ".join(filter(None, [f"input, {form.height} x {form.width}", scale.in_words])),
            n,
            _images(samples, scale, inks),
        ),
        animation.Panel(
            f"activity of {grid.rows} x {grid.cols} units{said}",
            n,
            lambda number: animation.stretch(animation.activity_levels(activity[number], largest)),
        ),
        animation.Panel("reconstruction", n, _images(responses.drawn, scale, inks)),
    ]
    frames = animation.side_by_side(panels, f"{performance.caption}, held-out", largest)
    return Animation(frames, performance.frame_ms, inks.palette)


def _some_shades(scale: Scale, *shown: Vectors | Drawn) -> Iterator[Floats]:
    """Yield the shades of some of the images that are shown, evenly chosen."""
    for values in shown:
        chosen = np.linspace(0, values.shape[0] - 1, SOME).astype(np.intp)
        yield scale.shades(values[chosen])


def _images(values: Vectors | Drawn, scale: Scale, inks: Inks) -> Callable[[int], animation.Frame]:
    """Return a function: the number of a frame -> its image, from rows of values.

    Rows are made a block at a time, as one product, and frames asked for in their order.
    """
    step = next(blocks(values.shape)).stop

    @lru_cache(maxsize=1)
    def block(number: int) -> animation.Frame:
        rows = values[number * step : (number + 1) * step]
        return inks.drawn(inks.levels(scale.shades(rows)))

    return lambda number: block(number // step)[number % step]
