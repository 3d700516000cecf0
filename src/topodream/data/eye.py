"""What an eye makes of a picture: brightness or opponent colours, of which it sees contrasts.

Filters answer to the logarithm of light, as receptors do, by a centre against its surroundings.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from topodream.arrays import Bytes, Floats
from topodream.data.decoding import to_grey
from topodream.data.kind import DataSize, Work
from topodream.data.samples import traits_of
from topodream.files.errors import InputError
from topodream.files.strict import Section
from topodream.form import CHANNELS, COLOURS, Form

# Standard deviations of centre and surround, in pixels.
SCALES = {"centre_surround": (0.5, 1.5), "wide_centre_surround": (1.0, 3.0)}
FILTERS = ("none", *SCALES)
# Of opponent colours the eye sees brightness sharply, colours coarsely and, by this factor, weaker.
OF_OPPONENT = (SCALES["centre_surround"], *[SCALES["wide_centre_surround"]] * 2)
WEAKER = np.array([1.0, 1.5, 1.5])
# Where Gaussians are cut off, in standard deviations.
CUT_AT = 4.0


# What filtering takes: SciPy; for each value of a picture, of which one is looked at at a time, its
# logarithm, both Gaussians, their difference, and copies; for each value of a window itself, and as
# the percentile of all is looked for. Seconds are for each value of all pictures.
SCIPY_MIB, PICTURE_BYTES, WINDOW_BYTES, SECONDS_PER_VALUE = 40, 40, 10, 1e-6


@dataclass(frozen=True)
class Eye:
    """How pictures are seen: see ``patches.schema.yaml`` for each word."""

    filter: str
    channels: str
    colours: str

    @property
    def is_plain(self) -> bool:
        """Whether it leaves bytes as they are, but for their colours."""
        return self.filter == "none" and self.channels == "raw"

    @property
    def n_colours(self) -> int:
        """How many values it sees of a pixel."""
        return 1 if self.colours == "grey" else 3

    @property
    def n_channels(self) -> int:
        """How many inputs it makes of a pixel."""
        return self.n_colours * (2 if self.channels == "on_off" else 1)

    @property
    def traits(self) -> frozenset[str]:
        """What windows have that it sees, see :mod:`topodream.traits`."""
        return traits_of(self.form(size=1))

    def form(self, size: int, zero: str = "black") -> Form:
        """Return the form of square windows, of pictures whose 0 is drawn so."""
        return Form(size, size, self.colours, self.channels, zero if self.is_plain else "black")

    def __post_init__(self) -> None:
        """Refuse words that don't go together.

        Raises
        ------
        InputError
        """
        if self.colours == "rgb" and not self.is_plain:
            raise InputError(f"{self._not_allowed}: it needs filter = none and channels = raw")
        is_whole = self.filter == "centre_surround" and self.channels == "on_off"
        if self.colours == "opponent" and not is_whole:
            needed = "filter = centre_surround and channels = on_off"
            raise InputError(f"{self._not_allowed}: it needs {needed}")

    @classmethod
    def of(cls, section: Section) -> "Eye":
        """Return the one that a section of ``datasets``, or a script's options, ask for."""
        return cls(section["filter"], section["channels"], section["colours"])

    def check(self, pictures: str, *, are_coloured: bool) -> None:
        """Raise InputError if it asks for colours that pictures have not."""
        if self.colours != "grey" and not are_coloured:
            raise InputError(f"{self._not_allowed}: {pictures} are grey")

    @property
    def _not_allowed(self) -> str:
        return f"colours = {self.colours!r} is not allowed"

    def attributes(
        self, form: Form, unit: Floats | None, full_scale: float | None
    ) -> dict[str, Any]:
        """Return what files say of it, of windows' form, and of the numbers that were found."""
        numbers: dict[str, Any] = (
            {} if unit is None else {"colour_units": json.dumps(unit.tolist())}
        )
        if full_scale is not None:
            numbers["full_scale"] = full_scale
        return asdict(self) | form.attributes | numbers

    def work(self, pictures: DataSize, n_pixels: int) -> Work:
        """Return what it takes to see all pictures of a data set, and training windows of them.

        ``n_pixels`` are those of all windows.
        """
        if self.is_plain:
            return Work()
        n_values = self.n_colours * pictures.height * pictures.width
        n_bytes = PICTURE_BYTES * n_values + WINDOW_BYTES * self.n_colours * n_pixels
        n_pictures = pictures.n_train + pictures.n_held_out
        return Work(SCIPY_MIB + n_bytes / 2**20, SECONDS_PER_VALUE * n_pictures * n_values)

    def __str__(self) -> str:
        """Say its filter, if it has one, as a part of a sentence."""
        return "" if self.filter == "none" else f", {self.filter.replace('_', '-')} filter"

    def seen(self, picture: Bytes, unit: Floats | None = None, edges: str = "reflect") -> Any:
        """Return what it makes of a picture.

        Parameters
        ----------
        picture : (height, width) uint8, or with colours (height, width, 3)
        unit : (3,), see :meth:`unit`
        edges : str
            What lies beyond the picture, in SciPy's words: "reflect" (d c b a | a b c d | d c b a)
            or "wrap".

        Returns
        -------
        (height, width), or with colours (height, width, 3)
            Bytes where nothing is filtered, else floats: of a root mean square of 1, or of opponent
            colours in their units.
        """
        if self.colours == "opponent":
            contrasts = self._opponent_contrasts(picture, edges)
            return contrasts if unit is None else contrasts / unit
        if self.colours == "rgb":
            return picture
        grey = brightness(picture)
        if self.filter == "none":
            return grey
        contrasts = centre_surround(log_light(grey), *SCALES[self.filter], edges)
        size = np.sqrt(np.mean(contrasts**2))
        return contrasts / size if size > 0 else contrasts

    def _opponent_contrasts(self, picture: Bytes, edges: str) -> Floats:
        channels = np.moveaxis(opponent(log_light(picture)), -1, 0)
        pairs = zip(channels, OF_OPPONENT, strict=True)
        return np.stack([centre_surround(one, *scales, edges) for one, scales in pairs], axis=-1)

    def unit(self, training: Iterable[Floats]) -> Floats | None:
        """Return what opponent colours are divided by; None of greys, of which each picture has its own.

        It is their root mean square over the training pictures, times ``WEAKER``.

        Parameters
        ----------
        training : iterable of (height, width, 3)
            What it makes of them without a unit.
        """
        if self.colours != "opponent":
            return None
        sums, n_pixels = np.zeros(3), 0
        for contrasts in training:
            sums += np.sum(contrasts**2, axis=(0, 1))
            n_pixels += contrasts[..., 0].size
        # Pictures without any colour have none in any unit.
        sizes = np.sqrt(sums / n_pixels) * WEAKER
        units: Floats = np.where(sizes > 0, sizes, 1)
        return units


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of scripts that ask for an eye: its keys in a section of ``datasets``."""
    parser.add_argument("--filter", choices=FILTERS, required=True, help="what is seen")
    parser.add_argument("--channels", choices=CHANNELS, required=True, help="how it is kept")
    parser.add_argument("--colours", choices=COLOURS, required=True, help="of which colours")


def log_light(picture: Bytes) -> Floats:
    """Return log(1 + byte)."""
    light: Floats = np.log1p(picture.astype(np.float64))
    return light


def brightness(picture: Bytes) -> Bytes:
    """Return a picture in grey."""
    return to_grey(picture) if picture.ndim == 3 else picture


def centre_surround(
    values: Floats, centre: float, surround: float, edges: str = "reflect"
) -> Floats:
    """Return a Gaussian mean around each pixel minus a wider one.

    Parameters
    ----------
    values : (height, width)
    centre, surround : float
        The standard deviations of both, in pixels.
    edges : str
        See :meth:`Eye.seen`.
    """
    from scipy.ndimage import gaussian_filter  # takes a moment, and only filters need it

    narrow, wide = (
        gaussian_filter(values, deviation, mode=edges, truncate=CUT_AT)
        for deviation in (centre, surround)
    )
    difference: Floats = narrow - wide
    return difference


def opponent(colours: Floats) -> Floats:
    """Return brightness, red against green, and blue against yellow, of red, green and blue.

    Parameters
    ----------
    colours : (height, width, 3)

    Returns
    -------
    (height, width, 3)

    Examples
    --------
    >>> opponent(np.array([[[0.9, 0.3, 0.0]]])).round(9)
    array([[[ 0.4,  0.6, -0.6]]])
    """
    red, green, blue = np.moveaxis(colours, -1, 0)
    return np.stack([(red + green + blue) / 3, red - green, blue - (red + green) / 2], axis=-1)
