"""How well, and how heavily, a map redraws samples."""

import numpy as np

from topodream.grid import Floats


def mean_squared_error(samples: Floats, reconstructions: Floats) -> float:
    """Return the mean over samples and inputs of the squared difference."""
    return float(np.mean((samples - reconstructions) ** 2, dtype=float))


def mass_ratio(samples: Floats, reconstructions: Floats) -> float | None:
    """Return the sum of reconstructions over that of samples: above 1 they are too heavy."""
    mass = float(np.sum(samples, dtype=float))
    return float(np.sum(reconstructions, dtype=float)) / mass if mass else None


def explained(error: float, baseline: float) -> float | None:
    """Return R2, the share of a baseline's squared error that is gone: at most 1.

    Below 0 the baseline was better; None where the baseline makes no error.
    """
    return 1 - error / baseline if baseline else None
