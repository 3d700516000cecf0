"""Which of many are measured, where all would take too long, and how null maps are drawn."""

import numpy as np

from topodream.arrays import Indices

# Every null is drawn by a generator of this seed: measures are the same on every run.
SEED = 0


def spread(n: int, most: int) -> Indices:
    """Return at most ``most`` of the numbers below ``n``, evenly spread, in their order.

    >>> spread(10, 4), spread(3, 4)
    (array([0, 2, 5, 7]), array([0, 1, 2]))
    """
    count = min(n, most)
    return np.arange(count) * n // max(count, 1)


def shuffled(n: int) -> Indices:
    """Return the same permutation of the numbers below ``n`` at every call."""
    return np.random.default_rng(SEED).permutation(n)
