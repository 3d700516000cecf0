"""Images that a map is shown, in whatever they lie: a data set, or a person's own."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from topodream.arrays import Array, Bytes
from topodream.data.decoding import SUFFIXES, find_pictures
from topodream.data.image_files import How, described, is_folder, parts
from topodream.data.samples import PARTS, Samples, read_data
from topodream.files.digests import content_digest
from topodream.files.errors import InputError
from topodream.files.storage import is_sealed
from topodream.form import Form


@dataclass(frozen=True)
class Given:
    """Images that a map is shown.

    Attributes
    ----------
    parts : mapping
        What is shown, in this order: "train", "held_out", or both.
    names : (n_images,) bytes, or None
        Of pictures in files, within their folder: as the operating system has them.
    called : str
        The data set's name, or the file's or folder's.
    described : str
        What they are, in words.
    content_sha256 : str
        Of the content of a data set, whichever part of it is shown; of a person's images, of those
        that are.
    is_made : bool
        Whether it is a data set, which topodream has made.
    """

    parts: Mapping[str, Samples]
    names: Array | None
    called: str
    described: str
    content_sha256: str
    is_made: bool

    @property
    def note(self) -> dict[str, str]:
        """What is made of them says of it."""
        if self.is_made:
            return {"images": self.called, "images_sha256": self.content_sha256}
        return {"images": self.called, "raw_sha256": json.dumps({self.called: self.content_sha256})}

    @property
    def form(self) -> Form:
        """The form of all."""
        return next(iter(self.parts.values())).form


def read_given(path: Path, part: str | None = None, count: int | None = None) -> Given:
    """Read the images that a map is to be shown.

    Parameters
    ----------
    path : Path
        A data set of topodream's, or what :func:`topodream.data.image_files.parts` reads.
    part : one of PARTS, optional
        All there are without it.
    count : int, optional
        The first so many of each part.

    Raises
    ------
    InputError
        If they can't be read, or there is no such part.
    """
    wanted = PARTS if part is None else (part,)
    if path.suffix == ".h5" and is_sealed(path):
        data = read_data(path)
        found = {name: _first(getattr(data, name), count) for name in wanted}
        return Given(found, None, path.stem, data.described, data.content_sha256, True)
    there = parts(path, How())
    if not (chosen := [name for name in wanted if name in there]):
        raise InputError(f"{path}: has no part {part}")
    found = {name: _first(_samples(there[name].read().pixels), count) for name in chosen}
    pixels = {f"{name}/pixels": samples.pixels for name, samples in found.items()}
    said = described(path, sum(map(len, pixels.values())))
    return Given(found, _names(path, count), path.name, said, content_digest(pixels), False)


def _samples(pixels: Bytes) -> Samples:
    return Samples(pixels, None, None, Form.of_image(pixels.shape[1:]))


def _first(samples: Samples, count: int | None) -> Samples:
    """Return the first of some samples."""
    labels = None if samples.labels is None else samples.labels[:count]
    return Samples(samples.pixels[:count], labels, None, samples.form)


def _names(path: Path, count: int | None) -> Array | None:
    """Return the names of pictures."""
    if is_folder(path):
        files = [picture.relative_to(path) for picture in find_pictures(path)]
        return np.array([os.fsencode(file.as_posix()) for file in files[:count]])
    is_picture = path.suffix.lower() in SUFFIXES
    return np.array([os.fsencode(path.name)]) if is_picture else None
