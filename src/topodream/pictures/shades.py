"""Shades: what the values of samples, and of prototypes, look like, and on which scale.

Values that are never negative are drawn on white, the largest black, as one writes; of photographs and
of colours, 0 is black. Signed ones, ON minus OFF, are brightness: 0 is mid-grey, what is positive is bright.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats, Indices
from topodream.blocks import blocks
from topodream.form import Form
from topodream.pictures.tiles import weight_scale

# How much red, green and blue a pixel has of brightness L, red against green a, and blue against
# yellow b: the colour whose mean is L, whose R - G is a and whose B - (R + G) / 2 is b.
OF_OPPONENTS = np.array([[1, 1 / 2, -1 / 3], [1, -1 / 2, -1 / 3], [1, 0, 2 / 3]])
# Values whose shades are made at a time.
AT_ONCE = 2**20

Rows = slice | Indices


@dataclass(frozen=True)
class Scale:
    """From which value to which pictures of a form are drawn; what lies outside is cut off.

    Attributes
    ----------
    form : Form
    high : float
        The value at the upper end; the lower one is 0, or of signed pictures -``high``.
    each : (n_images,) or None
        What the values of each picture are divided by before, where each has a scale of its own.
    """

    form: Form
    high: float = 1.0
    each: Floats | None = None

    @classmethod
    def of_prototypes(cls, weights: Floats, form: Form) -> "Scale":
        """Return one scale for all, see :func:`weight_scale`; of signed ones each unit's largest.

        Parameters
        ----------
        weights : (n_units, n_inputs)
        form : Form
        """
        if not form.is_signed:
            return cls(form, weight_scale(weights))
        largest = np.empty(len(weights), weights.dtype)
        for rows in blocks(weights.shape, AT_ONCE):
            with np.errstate(invalid="ignore"):  # infinite ON and OFF
                images = form.images(weights[rows])
            largest[rows] = np.abs(images).max(axis=tuple(range(1, images.ndim)))
        return cls(form, each=np.where(largest > 0, largest, 1))

    @property
    def low(self) -> float:
        """The value at the lower end."""
        return -self.high if self.form.is_signed else 0.0

    @property
    def is_coloured(self) -> bool:
        """Whether pictures are drawn in colours."""
        return self.form.colours != "grey"

    @property
    def in_words(self) -> str:
        """What is drawn how, where it isn't values on white, or colours as they are."""
        if not self.form.is_signed:
            return ""
        if self.is_coloured:
            return f"ON - OFF: {self.low:g} to {self.high:g}, 0 is mid-grey"
        return f"ON - OFF: black {self.low:g}, mid-grey 0, white {self.high:g}"

    def images(self, values: npt.NDArray[Any], rows: Rows = slice(None)) -> npt.NDArray[Any]:
        """Return the pictures that values are of, from ``low`` to ``high``.

        Parameters
        ----------
        values : (n_images, n_inputs)
        rows : slice, or (n_images,) int
            Which of all pictures these are.
        """
        images = self.form.images(values)
        if self.each is None:
            return images
        return images / self.each[rows].reshape(-1, *(1,) * (images.ndim - 1))

    def shades(self, values: npt.NDArray[Any], rows: Rows = slice(None)) -> Floats:
        """Return pictures as they are drawn, in [0, 1].

        What isn't finite, of a map that diverged, counts as the largest, of signed ones NaN as 0.

        Returns
        -------
        (n_images, height, width)
            Greys, 0 white and 1 black.
        (n_images, height, width, 3)
            Red, green and blue, where they have colours.
        """
        with np.errstate(invalid="ignore"):  # infinite ON and OFF
            relative = self.images(values, rows) / self.high
        unknown = 0 if self.form.is_signed else 1
        relative = np.nan_to_num(relative, copy=False, nan=unknown, posinf=1, neginf=-1)
        if self.is_coloured:
            return colours(relative, self.form)
        if self.form.is_signed:
            relative = (1 + relative) / 2
        relative = np.clip(relative, 0, 1)
        return 1 - relative if self.form.is_bright else relative

    def all_shades(self, values: Floats) -> Iterator[Floats]:
        """Yield the shades of all pictures, some at a time: as numbers they take several copies."""
        for rows in blocks(values.shape, AT_ONCE):
            yield self.shades(values[rows], rows)


def colours(relative: Floats, form: Form) -> Floats:
    """Return what pixels look like whose values end at 1: red, green and blue in [0, 1].

    Parameters
    ----------
    relative : (..., 3)
    form : Form
        With colours.
    """
    if form.colours == "opponent":
        relative = relative @ OF_OPPONENTS.T.astype(relative.dtype)
    elif not form.is_signed:
        return np.clip(relative, 0, 1)
    return 0.5 + 0.5 * np.clip(relative, -1, 1)


def to_bytes(shades: Floats) -> npt.NDArray[np.uint8]:
    """Return shades in [0, 1] as bytes."""
    levels: npt.NDArray[np.uint8] = (255 * shades).round().astype(np.uint8)
    return levels


def photograph(pixels: npt.NDArray[np.uint8]) -> Array:
    """Return a picture of bytes, (height, width) or (height, width, 3), as shades."""
    shades: Array = pixels / np.float32(255)
    return shades if pixels.ndim == 3 else 1 - shades
