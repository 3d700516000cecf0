"""How colours are seen: by all, by people who confuse red with green, and in grey.

Linear red, green and blue as protanopes and deuteranopes see them, after Machado, Oliveira and
Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency", table 1,
severity 1; CIELAB of the white D65, in which a distance of 2.3 is just noticed side by side.
"""

from itertools import combinations

import numpy as np
from matplotlib.colors import to_rgb

READERS = {
    "all": np.eye(3),
    "protanopes": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopes": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
XYZ = np.array(
    [
        [0.412456, 0.357576, 0.180438],
        [0.212673, 0.715152, 0.072175],
        [0.019334, 0.119192, 0.950304],
    ]
)


def lab(colours, reader="all"):
    """Return colours in CIELAB as a reader sees them: (n_colours, 3)."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ READERS[reader].T, 0, 1)
    parts = seen @ XYZ.T / XYZ.sum(axis=1)
    x, y, z = np.where(parts > (6 / 29) ** 3, np.cbrt(parts), parts * (29 / 6) ** 2 / 3 + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def least_distance(colours, reader="all"):
    """Return how far apart the two colours are that are most alike to a reader."""
    return min(np.linalg.norm(a - b) for a, b in combinations(lab(colours, reader), 2))


def least_step(colours):
    """Return how far apart the two colours are that are most alike in grey, by their lightness."""
    return min(abs(a - b) for a, b in combinations(lab(colours)[:, 0], 2))
