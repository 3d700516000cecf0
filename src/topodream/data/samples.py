"""Samples: what a map learns, as it is kept in a file and as it is read from one.

Pixels are kept as bytes; a pixel's value is byte / 255, in [0, 1].
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes, Integers
from topodream.files.errors import InputError
from topodream.files.storage import Content, check_array, complete, names_of, read_hdf5, text_of
from topodream.form import Form
from topodream.traits import BARS, LABELS, OPPONENT, SEQUENCE, SIGNED

PARTS = ("train", "held_out")
# How files are laid out that hold samples: each by itself, or following one another.
LAYOUTS = ("images", "sequence")


@dataclass(frozen=True)
class Samples:
    """One part of a data set.

    Attributes
    ----------
    pixels : (n_samples, ...) uint8
        Each of the shape that its form says: (height, width), or (height, width, 3) of colours.
    labels : (n_samples,) uint8, or None where samples have none
    corners : (n_samples, 2) int, row and column of each window in its picture, or None
    form : Form
    bars : (n_samples, n_bars) bool, or None
        Which bars each is made of, where samples are (:mod:`topodream.data.bars`).
    """

    pixels: Bytes
    labels: Bytes | None
    corners: Integers | None
    form: Form
    bars: npt.NDArray[np.bool_] | None = None

    def vectors(self, dtype: str, first: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """Return samples as rows of values in [0, 1]: (n_samples, n_inputs)."""
        return self.lazy_vectors(dtype, first)[:]

    def lazy_vectors(self, dtype: str, first: int | None = None) -> "Vectors":
        """Return samples as rows that are made when they are asked for."""
        return Vectors(self.pixels, np.arange(len(self.pixels))[:first], dtype)


@dataclass(frozen=True)
class Vectors:
    """Some samples as rows of values in [0, 1], made when they are asked for.

    As floating-point numbers they take four times the memory, or eight, that pixels take.

    Attributes
    ----------
    pixels : (n_pixels, ...) uint8
    chosen : (n_samples,) int
        Which of them these samples are.
    dtype : str
    """

    pixels: Bytes
    chosen: npt.NDArray[np.intp]
    dtype: str

    def __len__(self) -> int:
        """Return how many samples they are."""
        return len(self.chosen)

    @property
    def shape(self) -> tuple[int, int]:
        """How many samples, and of how many inputs."""
        return len(self.chosen), math.prod(self.pixels.shape[1:])

    def __getitem__(self, rows: Any) -> npt.NDArray[np.floating[Any]]:
        """Return the values of some rows, by a slice, by numbers or by a mask."""
        chosen = self.chosen[rows]
        pixels = self.pixels[chosen].reshape(len(chosen), -1)
        values: npt.NDArray[np.floating[Any]] = pixels.astype(self.dtype)
        values /= 255
        return values

    def pick(self, rows: Any) -> "Vectors":
        """Return some rows, yet to be made."""
        return Vectors(self.pixels, self.chosen[rows], self.dtype)


@dataclass(frozen=True, eq=False)  # one is itself alone: what is known of it can be kept
class Data:
    """A data set to learn, as read from its file."""

    train: Samples
    held_out: Samples
    is_sequence: bool
    content_sha256: str
    described: str
    licence: str
    # The names of classes, by their labels; none where labels are numbers.
    classes: tuple[str, ...] = ()

    @property
    def form(self) -> Form:
        """The form of all samples."""
        return self.train.form

    @property
    def zero(self) -> str:
        """How 0 is drawn, see :class:`topodream.form.Form`."""
        return self.form.zero

    @property
    def traits(self) -> frozenset[str]:
        """What its samples have, see :mod:`topodream.traits`."""
        parts = (self.train, self.held_out)
        has = {
            LABELS: all(part.labels is not None for part in parts),
            SEQUENCE: self.is_sequence,
            BARS: all(part.bars is not None for part in parts),
        }
        return traits_of(self.form).union(trait for trait, has_it in has.items() if has_it)


def traits_of(form: Form) -> frozenset[str]:
    """Return what samples of a form have, see :mod:`topodream.traits`."""
    has = {SIGNED: form.is_signed, OPPONENT: form.colours == "opponent"}
    return frozenset(trait for trait, has_it in has.items() if has_it)


def in_words(content: Content) -> str:
    """Say what a file of samples is to hold: what they are, and how many."""
    sizes = " + ".join(f"{len(content.arrays[f'{part}/pixels']):,}" for part in PARTS)
    return f"{content.attributes['described']}, {sizes} held out"


def read_data(path: Path, kinds: Sequence[str] = LAYOUTS) -> Data:
    """Read a data set that can be learnt."""
    content = read_hdf5(path, kinds)
    with complete(path):
        data = Data(
            train=_samples(content, "train"),
            held_out=_samples(content, "held_out"),
            is_sequence=content.kind == "sequence",
            content_sha256=text_of(content, "content_sha256"),
            described=text_of(content, "described"),
            licence=text_of(content, "licence"),
            classes=_classes(content),
        )
        for part in (data.train, data.held_out):
            if data.classes and part.labels is not None and part.labels.max() >= len(data.classes):
                raise ValueError(f"label {part.labels.max()} of {len(data.classes)} classes")
        if data.train.form != data.held_out.form:
            raise ValueError("training and held-out samples differ in shape")
    return data


def read_images(path: Path) -> Data:
    """Read images that are pictures, of which others can be made: those of contrasts are refused."""
    data = read_data(path, ("images",))
    if data.form.is_signed or data.form.colours == "opponent":
        raise InputError(f"{path}: holds {data.form}, needed: pictures in grey or in colour")
    return data


def _samples(content: Content, part: str) -> Samples:
    arrays = content.arrays
    pixels = arrays[f"{part}/pixels"]
    shape = (None,) * (pixels.ndim if pixels.ndim in range(3, 6) else 3)
    check_array(f"{part}/pixels", pixels, shape, "uint8")
    if not pixels.size:
        raise ValueError(f"{part}/pixels is empty")
    form = Form.from_attributes(pixels.shape[1:], content.attributes)
    labels, corners = arrays.get(f"{part}/labels"), arrays.get(f"{part}/corners")
    if labels is not None:
        check_array(f"{part}/labels", labels, (len(pixels),), "uint8")
    if corners is not None:
        check_array(f"{part}/corners", corners, (len(pixels), 2), "int64")
    bars = arrays.get(f"{part}/bars")
    if bars is not None:
        check_array(f"{part}/bars", bars, (len(pixels), form.height + form.width), "bool")
    return Samples(pixels, labels, corners, form, bars)


def _classes(content: Content) -> tuple[str, ...]:
    """Return the names of classes."""
    return tuple(names_of(content, "classes")) if "classes" in content.attributes else ()
