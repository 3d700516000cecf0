"""How activity moves over the grid from one frame to the next."""

import numpy as np

from topodream.grid import Floats, Grid
from topodream.measures.responses import Responses, with_trace
from topodream.measures.sampling import Indices, shuffled
from topodream.settings.config import Experiment


def path_length(winners: Indices, grid: Grid) -> float | None:
    """Return how far winners are from the nearest winner of the frame before, mean, in units.

    So a step is short where activity moves on to neighbours, in as many places as it likes.

    Parameters
    ----------
    winners : (n_frames, n_winners)
        Numbers of units.
    """
    if len(winners) < 2:
        return None
    places = np.stack(np.divmod(winners, grid.cols), axis=-1)
    apart = places[1:, :, None] - places[:-1, None]
    return float(np.linalg.norm(apart, axis=-1).min(axis=2).mean())


def centre_path(activity: Floats, grid: Grid) -> float | None:
    """Return how far the centre of mass of activity moves from frame to frame, mean, in units.

    Parameters
    ----------
    activity : (n_frames, n_units)
        Frames without any are left out.
    """
    mass = activity.sum(axis=1, keepdims=True, dtype=float)
    places = np.stack(np.divmod(np.arange(grid.n_units), grid.cols), axis=1)
    lit = mass[:, 0] > 0
    centres = (activity[lit] @ places.astype(activity.dtype)) / mass[lit]
    if len(centres) < 2:
        return None
    return float(np.linalg.norm(np.diff(centres, axis=0), axis=1).mean())


def code_overlap(fresh: Floats) -> float | None:
    """Return the share of a frame's active units that are active in the next one too.

    Parameters
    ----------
    fresh : (n_frames, n_units)
        Without a trace, which makes every unit stay active.
    """
    active = fresh > 0
    counts = active[:-1].sum(axis=1)
    shared = (active[1:] & active[:-1]).sum(axis=1)
    return float(np.mean(shared[counts > 0] / counts[counts > 0])) if counts.any() else None


def paths(responses: Responses, experiment: Experiment) -> dict[str, float | None]:
    """Return how far activity moves from frame to frame, and how far for shuffled frames.

    With a trace, shuffled frames leave theirs in their new order; without one, there is no
    path of the trace.
    """
    grid, fresh = experiment.grid, responses.fresh
    mixed = shuffled(len(fresh))
    traces = responses.activity is not fresh
    winners = responses.ranked[:, : responses.n_winners]
    return {
        "path_length": path_length(winners, grid),
        "path_length_shuffled": path_length(winners[mixed], grid),
        "trace_path": centre_path(responses.activity, grid) if traces else None,
        "trace_path_shuffled": centre_path(with_trace(fresh[mixed], experiment), grid)
        if traces
        else None,
        "code_overlap": code_overlap(fresh),
        "code_overlap_shuffled": code_overlap(fresh[mixed]),
    }
