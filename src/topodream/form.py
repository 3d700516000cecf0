"""The form of a sample: in which order its inputs are its pixels, and what picture they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats

# What a pixel has: one brightness; red, green and blue; or brightness, red against green, and
# blue against yellow.
COLOURS = ("grey", "rgb", "opponent")
# What an input is: a pixel's value; or, of a value that can be negative, its positive part ("on") or
# its negative part ("off").
CHANNELS = ("raw", "on_off")
# How 0 is drawn where pixels are grey: as paper that ink is on, or as darkness.
ZEROS = ("white", "black")


@dataclass(frozen=True)
class Form:
    """The form that all samples of a data set have, and the prototypes of maps that learn it.

    Attributes
    ----------
    height, width : int
        In pixels.
    colours : one of COLOURS
    channels : one of CHANNELS
    zero : one of ZEROS
        Of raw greys. It makes no other form: a map of the one can be shown the other.
    """

    height: int
    width: int
    colours: str = "grey"
    channels: str = "raw"
    zero: str = field(default="white", compare=False)

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        colours: str = "grey",
        channels: str = "raw",
        zero: str = "white",
    ) -> "Form":
        """Return the form of samples that are arrays of a shape, as :attr:`shape` has it.

        Raises
        ------
        ValueError
            If there is no such form.
        """
        for found, allowed in ((colours, COLOURS), (channels, CHANNELS), (zero, ZEROS)):
            if found not in allowed:
                raise ValueError(f"{found!r} in place of one of {', '.join(allowed)}")
        of_pixels = shape[1:] if channels == "on_off" else shape
        form = None
        if len(of_pixels) > 1:
            form = cls(of_pixels[0], of_pixels[1], colours, channels, zero)
        if form is None or form.shape != tuple(shape) or min(shape) < 1:
            raise ValueError(
                f"{' x '.join(map(str, shape))} is no shape of {colours} {channels} pixels"
            )
        return form

    @classmethod
    def of_image(cls, shape: tuple[int, ...], zero: str = "white") -> "Form":
        """Return the form of images of a shape: (height, width) of grey ones, (height, width, 3)."""
        return cls.of(shape, "grey" if len(shape) == 2 else "rgb", zero=zero)

    @classmethod
    def from_attributes(cls, shape: tuple[int, ...], attributes: Mapping[str, Any]) -> "Form":
        """Return the form of a file's samples, by their shape and :attr:`attributes`."""
        keys = ("colours", "channels", "zero")
        named = {key: str(attributes[key]) for key in keys if key in attributes}
        return cls.of(shape, **named)

    @property
    def attributes(self) -> dict[str, str]:
        """What files say of it besides the shape of their arrays; nothing of greys on white."""
        said = {"colours": (self.colours, COLOURS), "channels": (self.channels, CHANNELS)}
        if self.colours == "grey" and not self.is_signed:
            said["zero"] = (self.zero, ZEROS)
        return {key: found for key, (found, known) in said.items() if found != known[0]}

    @property
    def n_colours(self) -> int:
        """How many values a pixel has, besides its halves."""
        return 1 if self.colours == "grey" else 3

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of its picture: (height, width), or with colours (height, width, 3)."""
        return (self.height, self.width, *(() if self.colours == "grey" else (3,)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample as an array; "on_off" has the halves first: (2, height, width)."""
        return (*((2,) if self.is_signed else ()), *self.image_shape)

    @property
    def n_inputs(self) -> int:
        """How many inputs a sample has: its array's values, in their order."""
        return int(np.prod(self.shape))

    @property
    def is_signed(self) -> bool:
        """Whether its picture has negative values: those of the half "off"."""
        return self.channels == "on_off"

    @property
    def is_bright(self) -> bool:
        """Whether what is large is drawn bright: all but ink."""
        return self.is_signed or self.colours != "grey" or self.zero == "black"

    def images(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the pictures that inputs, or prototypes, are of: ON minus OFF where they are signed.

        Parameters
        ----------
        values : (..., n_inputs)

        Returns
        -------
        (..., height, width), or with colours (..., height, width, 3)

        Examples
        --------
        >>> Form(1, 2, channels="on_off").images(np.array([0.5, 0, 0, 0.25]))
        array([[ 0.5 , -0.25]])
        """
        arrays = values.reshape(*values.shape[:-1], *self.shape)
        if not self.is_signed:
            return arrays
        on, off = np.moveaxis(arrays, values.ndim - 1, 0)
        signed: npt.NDArray[Any] = on - off
        return signed

    def brightness(self, values: Floats) -> Floats:
        """Return the pictures without their colours: (..., height, width).

        Of red, green and blue it is the mean; of opponent colours the first.
        """
        images: Floats = self.images(values)
        if self.colours == "rgb":
            images = images.mean(axis=-1)
        return images[..., 0] if self.colours == "opponent" else images

    def __str__(self) -> str:
        """Say it in a few words: "12 x 12 pixels, opponent colours, ON and OFF"."""
        words = {"grey": "", "rgb": " in colour", "opponent": " in opponent colours"}[self.colours]
        halves = ", ON and OFF" if self.is_signed else ""
        return f"{self.height} x {self.width} pixels{words}{halves}"
