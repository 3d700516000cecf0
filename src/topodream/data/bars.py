"""Bars: each sample some rows and columns of pixels, drawn independently of each other.

What a net that finds independent causes has to find is known: the bars (Foldiak 1990).
"""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes
from topodream.data.samples import PARTS
from topodream.files.storage import Content
from topodream.files.strict import Section
from topodream.traits import BARS


def draw_bars(bars: npt.NDArray[np.bool_]) -> Bytes:
    """Return the pixels of bars: lit where one lies, or two cross.

    Parameters
    ----------
    bars : (n_samples, 2 * size)
        Which are present: the rows, from the top on, then the columns, from the left on.

    Returns
    -------
    (n_samples, size, size)

    Examples
    --------
    >>> draw_bars(np.array([[True, False, False, True]]))[0]
    array([[255, 255],
           [  0, 255]], dtype=uint8)
    """
    rows, columns = np.split(bars, 2, axis=1)
    return np.uint8(255) * (rows[:, :, None] | columns[:, None, :])


def bars_content(count: int, held_out: int, size: int, probability: float, seed: int) -> Content:
    """Draw samples to learn, and others that are held out.

    Parameters
    ----------
    count, held_out : int
        How many.
    size : int
        Side of a sample in pixels.
    probability : float
        Of each bar, to be present.
    seed : int
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    rngs = np.random.default_rng(seed).spawn(2)
    for part, n, rng in zip(PARTS, (count, held_out), rngs, strict=True):
        arrays[f"{part}/bars"] = bars = rng.random((n, 2 * size)) < probability
        arrays[f"{part}/pixels"] = draw_bars(bars)
    described = f"bars in {size} x {size} pixels, each with probability {probability:g}"
    return Content("images", arrays, {"described": described, "licence": "CC0"})


class Bars(Kind):
    """Rows and columns of pixels."""

    script = "draw_bars.py"
    layout = "images"
    picture = SAMPLES

    def traits(self, section: Section) -> frozenset[str]:
        """Return that it is known which bars samples have."""
        return frozenset({BARS})

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all samples."""
        return DataSize(section["count"], section["held_out"], section["size"], section["size"])


KIND = Bars()
