"""What both models do with prototypes: answer a sample, reconstruct it, compare.

Axes: ``weights`` (n_units, n_inputs), ``sample`` and ``reconstruction`` (..., n_inputs),
``drive`` and ``activity`` (..., n_units).
"""

import numpy as np

from topodream.config import Start
from topodream.grid import Floats

# What a reconstruction is at least, where something is divided by it.
LEAST_RECONSTRUCTION = 1e-10


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


def relative(error: Floats, reconstruction: Floats) -> Floats:
    """Return an error in units of what was reconstructed."""
    return error / np.maximum(reconstruction, LEAST_RECONSTRUCTION)
