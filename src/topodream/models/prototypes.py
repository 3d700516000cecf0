"""What both models do with prototypes: answer a sample, reconstruct it, compare.

Axes: ``weights`` (n_units, n_inputs), ``sample`` and ``reconstruction`` (..., n_inputs),
``drive`` and ``activity`` (..., n_units).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from topodream.grid import Floats

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


def reconstruct(weights: Floats, activity: Floats) -> Floats:
    """Return the sample as the active units see it: W^T a."""
    product: Floats = activity @ weights
    return product


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
