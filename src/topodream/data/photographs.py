"""Photographs: pictures of any size, for windows to be cut from; maps can't learn them whole."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, NamedTuple

from topodream.arrays import Bytes
from topodream.data.decoding import decode, find_pictures, picture_shape
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes, Work
from topodream.data.raw_files import digest_of
from topodream.files.errors import InputError
from topodream.files.reading import most_bytes, named, read_bytes
from topodream.files.storage import Content, check_array, complete, names_of, read_hdf5, text_of
from topodream.files.strict import Section

# A colour photograph that comes with the package.
RACCOON = Path(__file__).with_name("embedded") / "raccoon.png"
# Two that come with scikit-learn.
SCIKIT_LEARN = ("china.jpg", "flower.jpg")
# Whose photographs they are, by source.
LICENCES = {
    "embedded": "public domain (the raccoon of SciPy's scipy.datasets.face)",
    "scikit-learn": "CC BY 2.0, china.jpg by danielbuechele, flower.jpg by vultilion",
    "folder": "as their owner says",
}
# How many there are, and of which size, where that is known beforehand.
RACCOON_SIZE, SCIKIT_LEARN_SIZE = (1, 768, 1024), (2, 427, 640)
LARGEST_FILE = 2**29
# While a picture is decoded it is there in Pillow's hands, once more upright, and as pixels.
PILLOW_MIB, COPIES_OF_LARGEST = 30, 3
FROM_PACKAGE = "matches, comes with topodream"


class Ground(NamedTuple):
    """A picture, and which of its columns windows may be cut from: from ``left`` to before ``right``."""

    picture: Bytes
    left: int
    right: int


@dataclass(frozen=True)
class Photographs:
    """Photographs, as read from their file.

    Attributes
    ----------
    pictures : sequence of (height, width) uint8, or with colours (height, width, 3)
    names : sequence of str
        Of their files.
    """

    pictures: Sequence[Bytes]
    names: Sequence[str]
    content_sha256: str
    described: str
    licence: str
    # How 0 is drawn, see :class:`topodream.form.Form`.
    zero: ClassVar[str] = "black"

    def grounds(self, part: str) -> list[Ground]:
        """Return what windows are cut from: for training the left 80 % of the columns, or the rest."""
        widths = [picture.shape[1] for picture in self.pictures]
        splits = [width * 4 // 5 for width in widths]
        ends = [(0, split) for split in splits]
        if part == "held_out":
            ends = list(zip(splits, widths, strict=True))
        return [Ground(one, *end) for one, end in zip(self.pictures, ends, strict=True)]


# ------------------------------------------------------------------ sources


def pictures_in(folder: Path) -> dict[str, Path]:
    """Return the pictures below a folder, by their names from there on; InputError if there is none."""
    if found := find_pictures(folder):
        return {path.relative_to(folder).as_posix(): path for path in found}
    raise InputError(f"no pictures in {folder}: PNG, JPEG or TIFF files are needed")


def of_scikit_learn() -> dict[str, Path]:
    """Return the two photographs that come with scikit-learn; InputError if it is not installed."""
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise InputError(
            "source scikit-learn needs scikit-learn: .venv/bin/pip install scikit-learn, "
            "or choose another source"
        )
    folder = Path(found.origin).parent / "datasets/images"
    return {name: folder / name for name in SCIKIT_LEARN}


def photographs_content(source: str, files: Mapping[str, Path], colours: str) -> Content:
    """Read and decode pictures.

    Parameters
    ----------
    source : str
        Key of ``LICENCES``.
    files : mapping
        Names -> files, at least one.
    colours : "grey" or "rgb"
    """
    arrays, digests, n_bytes = {}, {}, 0
    for number, (name, path) in enumerate(files.items()):
        raw = read_bytes(path, LARGEST_FILE)
        digests[name] = hashlib.sha256(raw).hexdigest()
        arrays[f"pictures/{number}"] = decode(raw, named(path), colours)
        n_bytes += arrays[f"pictures/{number}"].nbytes
        if n_bytes > most_bytes():
            raise InputError(f"{path}: with those before, {n_bytes:,} bytes do not fit into memory")
    what = f"{len(files)} photographs" if len(files) > 1 else f"the photograph {next(iter(files))}"
    attributes = {
        "described": f"{what}, source {source}",
        "source": source,
        "colours": colours,
        "names": json.dumps(list(files)),
        "raw_sha256": json.dumps(digests),
        "licence": LICENCES[source],
    }
    return Content("photographs", arrays, attributes)


def read_photographs(path: Path) -> Photographs:
    """Read a file of photographs."""
    content = read_hdf5(path, ("photographs",))
    with complete(path):
        names = names_of(content, "names")
        pictures = [content.arrays[f"pictures/{number}"] for number in range(len(names))]
        ends = (3,) if text_of(content, "colours") == "rgb" else ()
        for number, picture in enumerate(pictures):
            check_array(f"pictures/{number}", picture, (None, None, *ends), "uint8")
        if not pictures or not all(picture.size for picture in pictures):
            raise ValueError("a picture is missing or empty")
        return Photographs(
            pictures=pictures,
            names=names,
            content_sha256=text_of(content, "content_sha256"),
            described=text_of(content, "described"),
            licence=text_of(content, "licence"),
        )


# ------------------------------------------------------------------ as a kind of data


class PhotographsKind(Kind):
    """Photographs, for windows to be cut from."""

    script = "gather_photographs.py"
    layout = "photographs"
    picture = SAMPLES
    # What lies there is compared, as raw files.
    not_compared = ("folder",)
    packages = ("h5py", "pillow")

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return how many there are, and the largest height and width.

        Where a folder isn't there yet, or holds something else, it is a guess: who reads it will
        say so.
        """
        n_channels = 3 if section["colours"] == "rgb" else 1
        count, height, width = _size(section)
        return DataSize(count, 0, height, width, n_channels)

    def shipped_files(self, section: Section) -> list[Path]:
        """Return the photograph that comes with the package, where it is the source."""
        return [RACCOON] if section["source"] == "embedded" else []

    def raw_files(self, section: Section) -> dict[str, tuple[Path, str]]:
        """Return a list of the pictures in a folder, where it is the source."""
        is_folder = section["source"] == "folder"
        return {"pictures": digest_of(Path(section["folder"]))} if is_folder else {}

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what decoding the largest takes."""
        _, height, width = _size(section)
        return Work(PILLOW_MIB + COPIES_OF_LARGEST * 3 * height * width / 2**20)

    def origin_of(self, name: str, sha256: str) -> str | None:
        """Return whether it is the photograph that comes with the package."""
        is_raccoon = name == RACCOON.name and (
            hashlib.sha256(RACCOON.read_bytes()).hexdigest() == sha256
        )
        return FROM_PACKAGE if is_raccoon else None


def _size(section: Section) -> tuple[int, int, int]:
    if section["source"] == "scikit-learn":
        return SCIKIT_LEARN_SIZE
    if section["source"] == "folder":
        try:
            shapes = [picture_shape(path) for path in find_pictures(Path(section["folder"]))]
        except InputError:
            shapes = []
        if shapes:
            return len(shapes), *(max(lengths) for lengths in zip(*shapes, strict=True))
    return RACCOON_SIZE


KIND = PhotographsKind()
