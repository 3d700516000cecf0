"""How well, and how heavily, a map redraws samples."""

import math

import numpy as np

from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.grid import Floats
from topodream.measures.responses import Drawn


def mean_squared_error(samples: Floats | Vectors, reconstructions: Floats | Drawn) -> float:
    """Return the mean over samples and inputs of the squared difference.

    Parameters
    ----------
    samples, reconstructions : (n_samples, n_inputs)
        Or things that make rows when they are asked for.
    """
    squares = (
        np.sum((samples[rows] - reconstructions[rows]) ** 2, dtype=float)
        for rows in blocks(samples.shape)
    )
    return float(sum(squares)) / math.prod(samples.shape)


def mass_ratio(samples: Floats | Vectors, reconstructions: Floats | Drawn) -> float | None:
    """Return the sum of reconstructions over that of samples: above 1 they are too heavy."""
    mass = total(samples)
    return total(reconstructions) / mass if mass else None


def total(values: Floats | Vectors | Drawn) -> float:
    """Return the sum of all."""
    return float(sum(np.sum(values[rows], dtype=float) for rows in blocks(values.shape)))


def explained(error: float, baseline: float) -> float | None:
    """Return R2, the share of a baseline's squared error that is gone: at most 1.

    Below 0 the baseline was better; None where the baseline makes no error.
    """
    return 1 - error / baseline if baseline else None
