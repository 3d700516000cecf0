"""Inks: the colours of pictures in a GIF, which has 256 of them for all its frames.

One set serves all frames, and a pixel's colour alone says which of them it gets: what rests doesn't
flicker. There is no dithering, whose dots would move.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from topodream.arrays import Bytes, Floats
from topodream.blocks import blocks
from topodream.pictures.animation import FIRST_INK, LEVELS, TRANSPARENT, Frame, grey_levels, palette
from topodream.pictures.shades import Scale, to_bytes

# Pixels that inks are chosen by, at most; how far apart red, green and blue of a pixel are at least
# that greys don't do for.
LOOKED_AT, COLOURFUL = 2**16, 6
# Bits of red, green and blue by which the nearest ink is looked up.
BITS = 6


@dataclass(frozen=True, eq=False)  # its table is made once
class Inks:
    """Greys, and colours of the pictures besides where they have any.

    Attributes
    ----------
    colours : (n_colours, 3) uint8, or None
        Red, green and blue; None for pictures in greys.
    """

    colours: Bytes | None = None

    @property
    def palette(self) -> bytes:
        """The colours of all frames as 256 RGB triplets."""
        return palette(b"" if self.colours is None else self.colours.tobytes())

    def levels(self, shades: Floats) -> Bytes:
        """Return shades, see :meth:`topodream.pictures.shades.Scale.shades`, as bytes.

        Of greys they are numbers of inks already.
        """
        return grey_levels(shades) if self.colours is None else to_bytes(shades)

    def fill(self, number: int) -> npt.ArrayLike:
        """Return the level of an ink, or its colour, to put between levels of pictures."""
        return number if self.colours is None else list(self.palette[3 * number :][:3])

    def drawn(self, levels: Bytes) -> Frame:
        """Return the numbers of the inks that are nearest to levels."""
        if self.colours is None:
            return levels
        red, green, blue = np.moveaxis(levels >> (8 - BITS), -1, 0).astype(np.uint32)
        drawn: Frame = self._nearest[(red << 2 * BITS) | (green << BITS) | blue]
        return drawn

    @cached_property
    def _nearest(self) -> Frame:
        """The ink that is nearest to each colour, by the first bits of red, green and blue."""
        assert self.colours is not None  # noqa: S101
        numbers = np.r_[:LEVELS, FIRST_INK : FIRST_INK + len(self.colours)].astype(np.uint8)
        table = np.frombuffer(self.palette, np.uint8).reshape(-1, 3)[numbers].astype(np.float32)
        steps = (np.arange(1 << BITS, dtype=np.float32) * 255 / ((1 << BITS) - 1)).round()
        asked = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
        lengths = (table**2).sum(axis=1)
        found = [
            (lengths - 2 * asked[some] @ table.T).argmin(axis=1)
            for some in blocks((len(asked), len(table)), 2**20)
        ]
        nearest: Frame = numbers[np.concatenate(found)]
        return nearest


def inks_for(scale: Scale, shades: Iterable[Floats]) -> Inks:
    """Choose inks by some of the pictures that are to be drawn.

    Colours are the median cut's of the colourful pixels (Heckbert 1982, "Color image quantization
    for frame buffer display").

    Parameters
    ----------
    scale : Scale
    shades : iterable of (n_images, height, width, 3)
        None is asked for where pictures are in greys.
    """
    if not scale.is_coloured:
        return Inks()
    seen = np.concatenate([to_bytes(some).reshape(-1, 3) for some in shades])
    seen = seen[np.ptp(seen, axis=1) > COLOURFUL]
    seen = seen[:: max(1, len(seen) // LOOKED_AT)]
    if not len(seen):
        return Inks(seen)
    image = Image.fromarray(seen[None])
    found = image.quantize(TRANSPARENT - FIRST_INK, Image.Quantize.MEDIANCUT, kmeans=1)
    return Inks(np.array(found.getpalette("RGB"), np.uint8).reshape(-1, 3))
