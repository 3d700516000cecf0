"""Images with labels: MNIST and its relatives, from several sources, or anything in its format."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Integers
from topodream.data import from_keras, raw_files
from topodream.data.idx import (
    NAMES,
    RawFiles,
    find_idx_files,
    idx_shape,
    parse_idx,
    read_idx_folder,
    to_idx,
    unpack,
)
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes, Work
from topodream.data.published import PUBLISHED, Published
from topodream.data.samples import PARTS
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import read_bytes, readable
from topodream.files.storage import Content
from topodream.files.strict import Section
from topodream.traits import LABELS

EMBEDDED = Path(__file__).with_name("embedded")
MNIST_SHA256 = PUBLISHED["mnist"].sha256
DOWNLOAD_TRIES = 3
# Sources that download: 12 to 31 MB.
DOWNLOADED = ("keras", "mirror")
# Digits that come with the package, and all of MNIST.
EMBEDDED_SIZE, MNIST_SIZE = DataSize(4_000, 1_000, 28, 28), DataSize(60_000, 10_000, 28, 28)
# Where a raw file is from, for readers.
FROM_PACKAGE = "matches, comes with topodream"
NO_LICENCE = "as its owner says"


def read_embedded() -> RawFiles:
    """Return the 5,000 digits that come with the package (see its embedded/README.md)."""
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "train-indices-idx1-int")
    held_out = tuple(name.replace("train", "held-out") for name in names)
    return read_idx_folder(EMBEDDED, names + held_out)


def read_keras(name: str = "mnist") -> RawFiles:
    """Return a published data set as TensorFlow's Keras loads it, checked."""
    published = PUBLISHED[name]
    if not published.sha256:
        has = [key for key, one in PUBLISHED.items() if one.sha256]
        raise InputError(f"source keras has no set {name}: {' or '.join(has)}")
    arrays = from_keras.load(name, published.title)
    raw = {file: to_idx(array) for file, array in zip(NAMES, arrays, strict=True)}
    check_sha256(raw, published.sha256, "Keras")
    return raw


def read_mirror(
    mirrors: Sequence[str],
    cache: Path | None,
    expected: Mapping[str, str],
    *,
    title: str = "MNIST",
    packed: bool = False,
) -> RawFiles:
    """Return the four files from the first mirror that serves them right.

    Parameters
    ----------
    mirrors : sequence of str
        Addresses that end in a slash; each is tried up to three times.
    cache : Path or None
        Where downloads are kept, None for the user's cache folder; a file that is there
        and right is not fetched again.
    expected : mapping
        File names and the sha256 of their raw content.
    title : str
        What they are, for errors.
    packed : bool
        Whether ``expected`` are digests of the .gz files as they are served.
    """
    faults = []
    for mirror in mirrors:
        try:
            return {
                name: _fetch(mirror, name, cache, digest, packed=packed)
                for name, digest in expected.items()
            }
        except InputError as error:
            faults.append(f"{mirror}: {error}")
    raise InputError(f"source mirror: no mirror served {title}; {'; '.join(faults)}")


def read_published(name: str, mirrors: Sequence[str] | None, cache: Path | None) -> RawFiles:
    """Return a published data set from a mirror; the known ones, or others."""
    published = PUBLISHED[name]
    if name != "mnist":  # its files have the names of MNIST's
        import pooch

        cache = Path(cache or pooch.os_cache("topodream")) / name
    return read_mirror(
        mirrors or published.mirrors,
        cache,
        published.sha256 or published.packed_sha256,
        title=published.title,
        packed=not published.sha256,
    )


def _fetch(mirror: str, name: str, cache: Path | None, sha256: str, *, packed: bool) -> bytes:
    import pooch  # only this source needs it, and its import takes a moment

    file = f"{name}.gz"
    # The raw content is checked if it can be: a copy that was gzipped again is right too.
    download = pooch.create(
        cache or pooch.os_cache("topodream"),
        mirror,
        registry={file: None},
        retry_if_failed=DOWNLOAD_TRIES - 1,
    )
    was_cached = (download.abspath / file).exists()
    bar = sys.stderr.isatty()
    try:
        path = download.fetch(file, downloader=pooch.HTTPDownloader(timeout=60, progressbar=bar))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise InputError(f"{file}: {' '.join(str(error).split())}") from error
    try:
        if packed:
            check_sha256({name: read_bytes(Path(path))}, {name: sha256}, mirror)
        with readable(Path(path)), Path(path).open("rb") as opened:
            raw = unpack(opened, file)
        if not packed:
            check_sha256({name: raw}, {name: sha256}, mirror)
    except ContentError:
        Path(path).unlink()  # or it would be found in the cache for ever
        if was_cached:  # an old download, perhaps of another mirror: this one is not to blame
            return _fetch(mirror, name, cache, sha256, packed=packed)
        raise
    return raw


def check_sha256(raw: RawFiles, expected: Mapping[str, str], source: str) -> None:
    """Raise ContentError for the first file whose raw content is not the expected one."""
    for name, digest in expected.items():
        found = hashlib.sha256(raw[name]).hexdigest()
        if found != digest:
            raise ContentError(f"{name} from {source} has sha256 {found}, expected {digest}")


def mnist_content(
    source: str,
    raw: RawFiles,
    *,
    name: str | None = None,
    transposed: bool = False,
    classes: Sequence[str] = (),
) -> Content:
    """Make the content of a data-set file from IDX files: train first, then held out.

    Parameters
    ----------
    source : str
    raw : RawFiles
    name : str, optional
        Which of ``PUBLISHED`` they are said to be; their digests may tell.
    transposed : bool
        Whether rows of the files' images are columns, as EMNIST's are.
    classes : sequence of str
        Names of classes, by the labels, if they are others than those of a published set.
    """
    arrays = {}
    names = [*raw]
    for part, files in zip(
        PARTS, (names[: len(names) // 2], names[len(names) // 2 :]), strict=True
    ):
        places = [f"source {source}, {name}" for name in files]
        values = [parse_idx(raw[name], place) for name, place in zip(files, places, strict=True)]
        _check_images(values[0], values[1], places)
        if transposed:
            values[0] = np.ascontiguousarray(values[0].transpose(0, 2, 1))
        for key, array in zip(("pixels", "labels", "indices"), values, strict=False):
            arrays[f"{part}/{key}"] = array if key != "indices" else array.astype(np.int64)
    shapes = [arrays[f"{part}/pixels"].shape[1:] for part in PARTS]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"source {source}: training images are {shapes[0]} pixels, held-out ones {shapes[1]}"
        )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()}
    found = _recognised(source, digests)
    if found is None and name is not None and source == "mirror":  # checked, as they were packed
        found = PUBLISHED[name]
    said = PUBLISHED[name] if name is not None else None
    title = (
        found.title if found else f"IDX images said to be {said.title}" if said else "IDX images"
    )
    known = found or said
    classes = tuple(classes) or (known.classes if known else ())
    most = max(int(arrays[f"{part}/labels"].max()) for part in PARTS)
    if classes and most >= len(classes):
        raise InputError(f"source {source}: label {most}, but only {len(classes)} names of classes")
    attributes = {
        "described": f"{title}, source {source}",
        "source": source,
        "raw_sha256": json.dumps(digests),
        "licence": found.licence if found else NO_LICENCE,
        **({"classes": json.dumps(classes)} if classes else {}),
    }
    return Content("images", arrays, attributes)


def _recognised(source: str, digests: Mapping[str, str]) -> Published | None:
    """Return the published data set that files are, if their digests tell."""
    if source == "embedded":
        return PUBLISHED["mnist"]
    return next((one for one in PUBLISHED.values() if one.sha256 == digests), None)


def _check_images(images: npt.NDArray[Any], labels: npt.NDArray[Any], files: Sequence[str]) -> None:
    if images.ndim != 3 or images.dtype != np.uint8:
        found = f"{images.dtype.name} of shape {images.shape}"
        raise InputError(f"{files[0]}: holds {found}, needed: uint8, images x rows x columns")
    if labels.shape != images.shape[:1] or labels.dtype != np.uint8:
        found = f"{labels.dtype.name} of shape {labels.shape}"
        raise InputError(f"{files[1]}: holds {found}, needed: uint8 of shape ({len(images)},)")


def select_balanced(labels: npt.NDArray[Any], n_train: int, n_held_out: int) -> list[Integers]:
    """Choose the first ``n_train`` of each class, and the ``n_held_out`` of each that follow.

    Returns
    -------
    list of two (n_classes * n,) arrays
        Positions in ``labels``, ascending: those to train on, those held out.
    """
    by_class = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if min(len(members) for members in by_class) < n_train + n_held_out:
        raise InputError(f"a class has fewer than {n_train + n_held_out} images")
    train = np.concatenate([members[:n_train] for members in by_class])
    held_out = np.concatenate([members[n_train : n_train + n_held_out] for members in by_class])
    return [np.sort(train), np.sort(held_out)]


# ------------------------------------------------------------------ as a kind of data


class Mnist(Kind):
    """Images with labels."""

    script = "prepare_mnist.py"
    layout = "images"
    picture = SAMPLES
    # Whichever mirror serves the files, their digests are checked.
    not_compared = ("mirrors",)
    places = ("folder",)

    def traits(self, section: Section) -> frozenset[str]:
        """Return that images have labels."""
        return frozenset({LABELS})

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of what a source has, of IDX files by their headers.

        Where these aren't there yet, or are something else, it is that of MNIST: who reads them
        will say so.
        """
        if section["source"] == "embedded":
            return EMBEDDED_SIZE
        found = idx_size(Path(section["folder"])) if section["source"] == "idx" else None
        if found and section.get("transposed"):
            found = replace(found, height=found.width, width=found.height)
        return found or replace(MNIST_SIZE, is_known=section["source"] != "idx")

    def shipped_files(self, section: Section) -> list[Path]:
        """Return the IDX files that come with the package, where they are the source."""
        return sorted(EMBEDDED.glob("*.gz")) if section["source"] == "embedded" else []

    def raw_files(self, section: Section) -> dict[str, tuple[Path, str]]:
        """Return the IDX files in a folder, where it is the source."""
        is_idx = section["source"] == "idx"
        return raw_files.digests_of(Path(section["folder"])) if is_idx else {}

    def origin_of(self, name: str, sha256: str) -> str | None:
        """Return whether a file is one of a published data set's, or comes with the package."""
        said = (one.origin_of(name, sha256) for one in PUBLISHED.values())
        embedded = FROM_PACKAGE if _embedded_digests().get(name) == sha256 else None
        return next(filter(None, said), embedded)

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what TensorFlow takes, where it is the source, and how long a download may."""
        source = section.get("source")
        return Work(
            mib=from_keras.TENSORFLOW_MIB if source == "keras" else 0,
            seconds=from_keras.DOWNLOAD_SECONDS if source in DOWNLOADED else 0,
        )


def idx_size(folder: Path) -> DataSize | None:
    """Return how large a data set of IDX files is, or None if their headers don't tell."""
    try:
        found = find_idx_files(folder)
    except InputError:
        return None
    shapes = [idx_shape(paths[0]) for paths in found.values()]
    # Those of images; those for training come first.
    images = [shape for shape in shapes if shape and len(shape) == 3]
    if len(images) < 2:
        return None
    height, width = (max(lengths) for lengths in list(zip(*images, strict=True))[1:])
    return DataSize(images[0][0], images[-1][0], height, width)


@cache
def _embedded_digests() -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in read_embedded().items()}


KIND = Mnist()
