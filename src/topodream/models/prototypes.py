"""What models have in common: to answer a sample, to reconstruct it, to compare.

Axes: ``weights`` (n_units, n_inputs), ``sample`` and ``reconstruction`` (..., n_inputs),
``drive`` and ``activity`` (..., n_units).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats

# What a reconstruction is at least, where something is divided by it.
LEAST_RECONSTRUCTION = 1e-10


@dataclass(frozen=True)
class Start:
    """Start weights are drawn uniformly between ``low`` and ``high``."""

    low: float
    high: float


def draw(start: Start, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Draw the weights that training starts from, in float64."""
    return rng.uniform(start.low, start.high, shape)


def drive(weights: Floats, sample: Floats) -> Floats:
    """Return how strongly a sample drives each unit: W v."""
    product: Floats = sample @ weights.T
    return product


def sigmoid(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)); 0 and 1 where that is all a float can tell."""
    with np.errstate(over="ignore"):
        squashed: Floats = 1 / (1 + np.exp(-values))
    return squashed


def reconstruct(weights: Floats, activity: Floats) -> Floats:
    """Return the sample as the active units see it: W^T a."""
    product: Floats = activity @ weights
    return product


def activity_of(winners: npt.NDArray[np.intp], answers: Floats) -> Floats:
    """Return each winner's answer (its drive or its score), 0 elsewhere: equation 4."""
    activity = np.zeros_like(answers)
    np.put_along_axis(activity, winners, np.take_along_axis(answers, winners, -1), -1)
    return activity


def leave_trace(previous: Floats, activity: Floats, trace: float | None) -> Floats:
    """Return the activity moved from its previous value only ``trace`` of the way: equation 5."""
    return activity if trace is None else previous + trace * (activity - previous)


def multiply(weights: Floats, factors: Floats) -> Floats:
    """Return weights times factors; of what isn't 0, none smaller than a normal number.

    See :func:`least_weight`.

    >>> multiply(np.array([0.5, -1e-300, 0]), np.array([0.5, 1e-100, 2]))
    array([ 2.50000000e-001, -2.22507386e-308,  0.00000000e+000])
    """
    changed = weights * factors
    least = least_weight(weights.dtype)
    faded = (np.abs(changed) < least) & (weights != 0)
    np.copysign(least, changed, out=changed, where=faded)
    return changed


def least_weight(dtype: np.dtype[Any]) -> float:
    """Return where a weight that fades, by one factor after another, stops to: it can come back.

    It is the smallest normal number of the floating-point type. Numbers below have few digits,
    and some processors take a hundred times as long for them (docs/decisions/11-faded-weights.md).
    """
    return float(np.finfo(dtype).tiny)


def relative(error: Floats, reconstruction: Floats) -> Floats:
    """Return an error in units of what was reconstructed."""
    return error / np.maximum(reconstruction, LEAST_RECONSTRUCTION)


def faded(weights: Floats, lowest_start: float) -> npt.NDArray[np.bool_]:
    """Return which prototypes have no weight as large as the smallest at the start: (n_units,).

    Parameters
    ----------
    weights : (n_units, n_inputs)
    lowest_start : float
        The least that weights start from, ``start.low``.
    """
    below: npt.NDArray[np.bool_] = weights.max(axis=1) < lowest_start
    return below
