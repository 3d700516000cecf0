"""How activity moves over the grid from one frame to the next."""

import numpy as np

from topodream.arrays import Floats, Indices
from topodream.grid import Grid, shorter_way
from topodream.measures.measure import Measure, Subject, Values, measured
from topodream.measures.responses import traced
from topodream.measures.sampling import shuffled
from topodream.traits import SEQUENCE, TRACE


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
    apart = grid.apart(winners[1:, :, None], winners[:-1, None])
    return float(np.linalg.norm(apart, axis=-1).min(axis=2).mean())


def centre_path(activity: Floats, grid: Grid) -> float | None:
    """Return how far the centre of mass of activity moves from frame to frame, mean, in units.

    Parameters
    ----------
    activity : (n_frames, n_units)
        Frames without any are left out.
    """
    lit = activity[activity.sum(axis=1, dtype=float) > 0]
    if len(lit) < 2:
        return None
    steps = np.abs(np.diff(centres(lit, grid), axis=0))
    return float(np.linalg.norm(shorter_way(steps, grid.period), axis=1).mean())


def centres(activity: Floats, grid: Grid) -> Floats:
    """Return the row and column of the centre of mass of activity: (n_frames, 2).

    On a torus it has none; there it is the mean direction, round the rows and round the columns
    (Bai and Breen 2008, "Calculating center of mass in an unbounded 2D environment").

    Parameters
    ----------
    activity : (n_frames, n_units)
        Some of it above 0 in each frame.
    """
    places = np.stack(np.divmod(np.arange(grid.n_units), grid.cols), axis=1)
    if grid.period is None:
        mass = activity.sum(axis=1, keepdims=True, dtype=float)
        return np.asarray((activity @ places.astype(activity.dtype)) / mass)
    turns = 2 * np.pi * places / grid.period
    directions = np.hstack([np.sin(turns), np.cos(turns)]).astype(activity.dtype)
    sine, cosine = np.hsplit(activity @ directions, 2)
    return np.asarray(np.arctan2(sine, cosine) * grid.period / (2 * np.pi) % grid.period)


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


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "path_length",
        "step between frames, units",
        "distance of a winner to the nearest winner of the frame before; mean",
        ".1f",
        better="lower",
        null="path_length_shuffled",
    ),
    Measure(
        "path_length_shuffled",
        "step between frames, shuffled",
        "the same with the frames shuffled",
        ".1f",
    ),
    group="sequence",
    needs=(SEQUENCE,),
)
def _winners(subject: Subject) -> Values:
    winners = subject.responses.ranked[:, : subject.responses.n_winners]
    return {
        "path_length": path_length(winners, subject.grid),
        "path_length_shuffled": path_length(winners[shuffled(len(winners))], subject.grid),
    }


@measured(
    Measure(
        "trace_path",
        "step of the trace, units",
        "how far the centre of the traced activity moves from frame to frame; mean",
        ".1f",
        better="lower",
        null="trace_path_shuffled",
    ),
    Measure(
        "trace_path_shuffled",
        "step of the trace, shuffled",
        "the same with the frames shuffled",
        ".1f",
    ),
    group="sequence",
    needs=(SEQUENCE, TRACE),
)
def _traces(subject: Subject) -> Values:
    if not subject.experiment.has_trace:
        return {"trace_path": None, "trace_path_shuffled": None}
    # Shuffled frames leave their traces in their new order.
    fresh, grid = subject.responses.fresh, subject.grid
    mixed = traced(fresh[shuffled(len(fresh))], subject.experiment)
    return {
        "trace_path": centre_path(subject.responses.activity, grid),
        "trace_path_shuffled": centre_path(mixed, grid),
    }


@measured(
    Measure(
        "code_overlap",
        "overlap of codes",
        "share of a frame's active units that are active in the next one too",
        ".1%",
        null="code_overlap_shuffled",
    ),
    Measure(
        "code_overlap_shuffled",
        "overlap of codes, shuffled",
        "the same with the frames shuffled",
        ".1%",
    ),
    group="sequence",
    needs=(SEQUENCE,),
)
def _codes(subject: Subject) -> Values:
    fresh = subject.responses.fresh
    return {
        "code_overlap": code_overlap(fresh),
        "code_overlap_shuffled": code_overlap(fresh[shuffled(len(fresh))]),
    }
