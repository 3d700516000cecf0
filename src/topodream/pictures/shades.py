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
# How much of the scale a prototype takes at most that its unit hasn't learnt: it is no strong one.
FAINT = 0.25

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
    least : (n_images,) or None
        What is taken off the values of each picture before that.
    """

    form: Form
    high: float = 1.0
    each: Floats | None = None
    least: Floats | None = None

    @classmethod
    def of_prototypes(
        cls, weights: Floats, form: Form, alive: npt.NDArray[np.bool_] | None = None
    ) -> "Scale":
        """Return one scale for all, see :func:`weight_scale`; of signed ones each unit's largest.

        The scale of weights begins at each unit's least one: where it began at 0, a unit of even
        weights, which has learnt little, would seem strong.

        Parameters
        ----------
        weights : (n_units, n_inputs)
        form : Form
        alive : (n_units,) bool, optional
            Which units count, see :meth:`topodream.training.map_file.Map.alive`; others are drawn
            faint. Without it all do.
        """
        counts = np.ones(len(weights), bool) if alive is None else alive
        if form.is_signed:
            largest = _largest(weights, form)
            each = np.where(largest > 0, largest, 1)
            return cls(form, each=np.where(counts, each, each / FAINT))
        # Opponent colours would turn into others.
        least = None if form.colours == "opponent" else _least(weights)
        above = weights if least is None else weights - least[:, None]
        high = weight_scale(above[counts] if counts.any() and not counts.all() else above)
        if counts.all():
            return cls(form, high, least=least)
        parts = above.max(axis=1) / high / FAINT
        return cls(form, high, np.where(counts, 1, np.maximum(parts, 1)), least)

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
        shape = -1, *(1,) * (images.ndim - 1)
        if self.least is not None:
            images = images - self.least[rows].reshape(shape)
        return images if self.each is None else images / self.each[rows].reshape(shape)

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


def _largest(weights: Floats, form: Form) -> Floats:
    """Return how far each unit's picture is from 0 at most: (n_units,)."""
    largest = np.empty(len(weights), weights.dtype)
    for rows in blocks(weights.shape, AT_ONCE):
        with np.errstate(invalid="ignore"):  # infinite ON and OFF
            images = form.images(weights[rows])
        largest[rows] = np.abs(images).max(axis=tuple(range(1, images.ndim)))
    return largest


def _least(weights: Floats) -> Floats:
    """Return each unit's least weight, 0 where that is negative or no finite number: (n_units,)."""
    least: Floats = np.nan_to_num(np.fmin.reduce(weights, axis=1), nan=0, posinf=0, neginf=0)
    return np.maximum(least, 0)


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
