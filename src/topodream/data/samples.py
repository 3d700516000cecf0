"""Samples: what a map learns, as it is kept in a file and as it is read from one.

Pixels are kept as bytes; a pixel's value is byte / 255, in [0, 1].
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes, Integers
from topodream.files.storage import check_array, complete, read_hdf5, text_of
from topodream.traits import LABELS, SEQUENCE

PARTS = ("train", "held_out")
# How files are laid out that hold samples: each by itself, or following one another.
LAYOUTS = ("images", "sequence")


@dataclass(frozen=True)
class Samples:
    """One part of a data set.

    Attributes
    ----------
    pixels : (n_samples, height, width) uint8
    labels : (n_samples,) uint8, or None where samples have none
    corners : (n_samples, 2) int, row and column of each window in its tapestry, or None
    """

    pixels: Bytes
    labels: Bytes | None
    corners: Integers | None

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of a sample."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def vectors(self, dtype: str, first: int | None = None) -> npt.NDArray[np.floating[Any]]:
        """Return samples as rows of values in [0, 1]: (n_samples, height * width)."""
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
    pixels : (n_pixels, height, width) uint8
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
        """How many samples, and of how many pixels."""
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

    @property
    def traits(self) -> frozenset[str]:
        """What its samples have, see :mod:`topodream.traits`."""
        labelled = all(part.labels is not None for part in (self.train, self.held_out))
        has = {LABELS: labelled, SEQUENCE: self.is_sequence}
        return frozenset(trait for trait, has_it in has.items() if has_it)


def read_data(path: Path, kinds: Sequence[str] = LAYOUTS) -> Data:
    """Read a data set that can be learnt."""
    content = read_hdf5(path, kinds)
    with complete(path):
        data = Data(
            train=_samples(content.arrays, "train"),
            held_out=_samples(content.arrays, "held_out"),
            is_sequence=content.kind == "sequence",
            content_sha256=text_of(content, "content_sha256"),
            described=text_of(content, "described"),
            licence=text_of(content, "licence"),
        )
        if data.train.image_shape != data.held_out.image_shape:
            raise ValueError("training and held-out samples differ in shape")
    return data


def _samples(arrays: Mapping[str, npt.NDArray[Any]], part: str) -> Samples:
    pixels = arrays[f"{part}/pixels"]
    check_array(f"{part}/pixels", pixels, (None, None, None), "uint8")
    if not pixels.size:
        raise ValueError(f"{part}/pixels is empty")
    labels, corners = arrays.get(f"{part}/labels"), arrays.get(f"{part}/corners")
    if labels is not None:
        check_array(f"{part}/labels", labels, (len(pixels),), "uint8")
    if corners is not None:
        check_array(f"{part}/corners", corners, (len(pixels), 2), "int64")
    return Samples(pixels, labels, corners)
