"""A person's images, in whatever they lie: a folder of pictures, NumPy's files, HDF5, CSV.

What a folder or file has is known by its header (:func:`parts`), before it is read.
"""

import itertools
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes
from topodream.data.decoding import SUFFIXES, find_pictures, read_picture, to_grey
from topodream.files.errors import ContentError, InputError, quoted
from topodream.files.reading import check_file, legible, most_bytes, named, readable

# Where labels are from: nowhere; the names of the folders that pictures lie in; the file.
LABELS_FROM = ("none", "folders", "file")
# How a picture gets another size: scaled, whatever its proportions; its middle, cut out; scaled until
# it covers the size, then cut.
FITS = ("resize", "crop", "cover")
MAX_CLASSES = 256
ROWS = 1000  # images that are looked at, or lines that are read, at once

# What arrays are called: in this order pixels, labels, held-out pixels, held-out labels.
ARRAYS = ("pixels", "labels", "held_out_pixels", "held_out_labels")
# By those who publish some; the first whose pixels are there counts.
USUAL_NAMES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train/pixels", "train/labels", "held_out/pixels", "held_out/labels"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", "held_out_images", "held_out_labels"),
    ("pixels", "labels", "held_out_pixels", "held_out_labels"),
    ("x", "y", "held_out_x", "held_out_y"),
    ("X", "y", "held_out_X", "held_out_y"),
)
LABEL_COLUMN = "label"  # of a CSV file


@dataclass(frozen=True)
class How:
    """How images are read.

    Attributes
    ----------
    labels : one of LABELS_FROM
    colours : "grey", "rgb" or None
        None: as they are, all alike. "grey" of colours is :func:`~topodream.data.decoding.to_grey`.
    size : (height, width) or None
        What ``fit`` makes of each.
    fit : one of FITS, or None
    shape : (height, width) or None
        Of images that are rows of numbers, if they aren't square.
    names : mapping
        What arrays are called, by ARRAYS; of a CSV file the column of labels.
    """

    labels: str = "none"
    colours: str | None = None
    size: tuple[int, int] | None = None
    fit: str | None = None
    shape: tuple[int, int] | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def sample_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape that images get that have some other: (height, width), or with 3."""
        has_colours = len(shape) == 3 if self.colours is None else self.colours == "rgb"
        return (*(self.size or tuple(shape[:2])), *((3,) if has_colours else ()))


@dataclass(frozen=True)
class Images:
    """Images as they were read.

    Attributes
    ----------
    pixels : (n_images, height, width) or (n_images, height, width, 3) uint8
    labels : (n_images,) uint8, or of names as text, or None
    """

    pixels: Bytes
    labels: npt.NDArray[Any] | None


@dataclass(frozen=True)
class Part:
    """Images that are there to be read.

    Attributes
    ----------
    shape : tuple
        (n_images, height, width) or (n_images, height, width, 3): of what ``read`` returns. (Of a
        CSV file the empty lines count too.)
    n_bytes_stored : int
        Memory that is needed besides, for images as they are stored.
    read : callable
    """

    shape: tuple[int, ...]
    n_bytes_stored: int
    read: Callable[[], Images]


def read_images(
    path: Path, how: How | None = None
) -> tuple[Bytes, Bytes | None, tuple[str, ...], str]:
    """Read a folder of pictures, a picture, or a .npz, .npy, .h5, .hdf5 or .csv file.

    Of a file that has training and held-out images it is those for training, unless ``how`` names
    others.

    Returns
    -------
    pixels : (n_images, height, width) or (n_images, height, width, 3) uint8
    labels : (n_images,) uint8, or None
    classes : tuple of str
        Their names, by the labels; none where labels are numbers.
    described : str
        What it is, in a few words.

    Raises
    ------
    InputError
        In one line that names the file, if something can't be read, or images differ in size.
    """
    images = parts(path, how or How())["train"].read()
    said = described(path, len(images.pixels))
    if images.labels is None:
        return images.pixels, None, (), said
    (labels,), classes = numbered([images.labels])
    return images.pixels, labels, classes, said


def described(path: Path, n_images: int) -> str:
    """Say what images are, without where they lie."""
    what = "pictures" if is_folder(path) or path.suffix.lower() in SUFFIXES else "images"
    return f"{n_images:,} {what if n_images > 1 else what[:-1]}"


def is_folder(path: Path) -> bool:
    """Return whether it is a folder; InputError if there is nothing."""
    with readable(path):
        path.stat()
        return path.is_dir()


def parts(path: Path, how: How) -> dict[str, Part]:
    """Return what there is to read: "train", and of a file that has it, "held_out"."""
    suffix = path.suffix.lower()
    if is_folder(path) or suffix in SUFFIXES:
        return {"train": _of_pictures(path, how)}
    if how.labels == "folders":
        raise InputError(f"labels = 'folders' is not allowed: {named(path)} is no folder")
    if suffix == ".csv":
        return {"train": _of_csv(path, how)}
    if suffix in _ARRAYS:
        return _of_arrays(path, how)
    allowed = ", ".join((*_ARRAYS, ".csv", *SUFFIXES))
    raise InputError(f"{named(path)}: images are a folder, or a file that ends in {allowed}")


# ------------------------------------------------------------------ pictures


def _of_pictures(path: Path, how: How) -> Part:
    if how.labels == "file":
        raise InputError(f"labels = 'file' is not allowed: {named(path)} has pictures: 'folders'")
    files = find_pictures(path) if is_folder(path) else [path]
    if not files:
        raise InputError(f"no pictures below {named(path)}: they end in {', '.join(SUFFIXES)}")
    first = read_picture(files[0])
    shape = how.sample_shape(first.shape)
    labels = _folders(path, files) if how.labels == "folders" else None
    read = lambda: Images(_stacked(files, shape, how), labels)  # noqa: E731
    # Others may be larger, or Pillow hold some more of one.
    return _part((len(files), *shape), path, 8 * first.size, read)


def _folders(path: Path, files: Sequence[Path]) -> npt.NDArray[Any]:
    """Return the name of the folder, right below a path, that each picture lies in."""
    if not is_folder(path):
        raise InputError(f"labels = 'folders' is not allowed: {named(path)} is no folder")
    inner = [file.relative_to(path).parts for file in files]
    if lone := [file for file, names in zip(files, inner, strict=True) if len(names) < 2]:
        raise InputError(f"{named(lone[0])}: lies in no subfolder; with labels = 'folders' all do")
    return np.array([names[0] for names in inner])


def _stacked(files: Sequence[Path], shape: tuple[int, ...], how: How) -> Bytes:
    """Decode pictures, all of one shape: (n_pictures, ...)."""
    pixels = np.empty((len(files), *shape), np.uint8)
    for place, file in enumerate(files):
        picture = _fitted(read_picture(file, how.colours), how, named(file))
        if picture.shape != shape:
            _refuse_mixed(files[0], shape, file, picture.shape)
        pixels[place] = picture
    return pixels


def _refuse_mixed(
    first: Path, shape: tuple[int, ...], other: Path, other_shape: tuple[int, ...]
) -> None:
    if shape[:2] != other_shape[:2]:
        sizes = [f"{height} x {width}" for height, width in (shape[:2], other_shape[:2])]
        raise InputError(
            f"{named(first)} has {sizes[0]} pixels, {named(other)} {sizes[1]}: "
            "a data set's size and fit make them alike (docs/data.md)"
        )
    kinds = ["grey" if len(one) == 2 else "in colours" for one in (shape, other_shape)]
    raise InputError(
        f"{named(first)} is {kinds[0]}, {named(other)} {kinds[1]}: colours makes them alike"
    )


def _fitted(picture: Bytes, how: How, name: str) -> Bytes:
    """Return a picture in the size that was asked for."""
    if how.size is None or picture.shape[:2] == how.size:
        return picture
    height, width = how.size
    if how.fit == "crop":
        over = picture.shape[0] - height, picture.shape[1] - width
        if min(over) < 0:
            found = f"{picture.shape[0]} x {picture.shape[1]} pixels"
            raise InputError(f"{name}: {found}, smaller than size = {height} x {width}")
        top, left = over[0] // 2, over[1] // 2
        return picture[top : top + height, left : left + width]
    from PIL import Image, ImageOps

    image, way = Image.fromarray(picture), Image.Resampling.BICUBIC
    size = width, height
    return np.asarray(
        image.resize(size, way) if how.fit == "resize" else ImageOps.fit(image, size, way)
    )


# ------------------------------------------------------------------ arrays


@dataclass(frozen=True)
class _Array:
    """An array in a file, yet to be read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], npt.NDArray[Any]]


def _of_arrays(path: Path, how: How) -> dict[str, Part]:
    with _arrays(path) as found:
        names = _names(found, how, path)
        made = {}
        for part, (of_pixels, of_labels) in {"train": ARRAYS[:2], "held_out": ARRAYS[2:]}.items():
            if of_pixels not in names:
                continue
            pixels = found[names[of_pixels]]
            shape = _image_shape(pixels.shape, how, f"{named(path)}, {names[of_pixels]}")
            if how.labels == "file" and of_labels not in names:
                raise InputError(
                    f"{named(path)}: has no labels of {names[of_pixels]!r}{_has(found)}"
                )
            called = [names[of_pixels], *([names[of_labels]] if how.labels == "file" else [])]
            read = partial(_read_arrays, path, how, called)
            stored = math.prod(pixels.shape) * pixels.dtype.itemsize
            made[part] = _part((shape[0], *how.sample_shape(shape[1:])), path, stored, read)
    return made


def _names(found: Mapping[str, _Array], how: How, path: Path) -> dict[str, str]:
    """Return what the arrays of a file are called that are read: of ARRAYS, those that are there."""
    if absent := [name for name in how.names.values() if name not in found]:
        raise InputError(f"{named(path)}: has no array {absent[0]!r}{_has(found)}")
    if how.names.get("pixels"):
        return dict(how.names)
    for usual in USUAL_NAMES:
        if usual[0] in found:
            known = {key: name for key, name in zip(ARRAYS, usual, strict=True) if name in found}
            return {**known, **how.names}
    if len(found) == 1:
        return {"pixels": next(iter(found)), **how.names}
    raise InputError(f"{named(path)}: which array are the pixels?{_has(found)}: names.pixels says")


def _has(found: Mapping[str, _Array]) -> str:
    names = ", ".join(quoted(name) for name in itertools.islice(found, 9))
    return f" (it has {names}{', ...' if len(found) > 9 else ''})" if found else " (it is empty)"


def _image_shape(shape: Sequence[int], how: How, name: str) -> tuple[int, ...]:
    """Return the shape of an array of images: (n, height, width), or with colours (n, ..., 3)."""
    if len(shape) == 2:
        return shape[0], *_shape_of_row(shape[1], how, name)
    if len(shape) == 4 and shape[3] == 1:
        shape = shape[:3]
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        first = len(shape) == 4 and shape[1] in (1, 3)
        hint = "; colours come last" if first else ""
        raise InputError(
            f"{name}: of shape {tuple(shape)}, needed: (images, height, width), "
            f"(images, height, width, 3) or (images, pixels){hint}"
        )
    return tuple(shape)


def _shape_of_row(length: int, how: How, name: str) -> tuple[int, ...]:
    """Return the shape of an image that is a row of numbers, its colours last."""
    if how.shape:
        fitting = [(*how.shape, *colours) for colours in ((), (3,))]
    else:
        side, side_in_colour = math.isqrt(length), math.isqrt(length // 3)
        fitting = [(side, side), (side_in_colour, side_in_colour, 3)]
    found = [shape for shape in fitting if math.prod(shape) == length]
    if not found:
        allowed = f"shape = {how.shape[0]} x {how.shape[1]}" if how.shape else "a square"
        hint = "" if how.shape else ": shape says which"
        raise InputError(f"{name}: {length} pixels an image, {allowed} has others{hint}")
    return found[0]


def _read_arrays(path: Path, how: How, names: Sequence[str]) -> Images:
    with _arrays(path) as found:
        where = f"{named(path)}, {names[0]}"
        pixels = as_bytes(found[names[0]].read(), where)
        pixels = pixels.reshape(_image_shape(pixels.shape, how, where))
        labels = None
        if len(names) > 1:
            labels = _labels(found[names[1]].read(), len(pixels), f"{named(path)}, {names[1]}")
    return Images(_as_asked(pixels, how, where), labels)


def as_bytes(values: npt.NDArray[Any], name: str) -> Bytes:
    """Return pixels as bytes: whole numbers from 0 to 255; of floats in [0, 1] 255 times, rounded.

    Raises
    ------
    ContentError
        Naming the first value that is something else, and where it stands.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "iuf":
        raise ContentError(f"{name}: holds {values.dtype.name}, needed: bytes, or floats in [0, 1]")
    most = 1 if values.dtype.kind == "f" else 255
    found = np.empty(values.shape, np.uint8)
    for first in range(0, len(values), ROWS):  # not all at once: floats take eight times as much
        some = values[first : first + ROWS]
        refuse_outside(some, most, name, first)
        found[first : first + ROWS] = np.rint(some * 255) if most == 1 else some
    return found


def refuse_outside(values: npt.NDArray[Any], most: int, name: str, first_row: int = 0) -> None:
    """Refuse what isn't from 0 to the most; NaN isn't."""
    wrong = ~((values >= 0) & (values <= most))
    if wrong.any():
        place = np.unravel_index(int(wrong.argmax()), wrong.shape)
        where = [int(place[0]) + first_row, *map(int, place[1:])]
        floats = "; floats are, in [0, 1]" if most == 1 else ""
        raise ContentError(
            f"{name}: {values[place]} at {where} is not allowed: from 0 to {most}{floats}"
        )


def _as_asked(pixels: Bytes, how: How, name: str) -> Bytes:
    """Return images in the colours and the size that were asked for."""
    if how.colours == "grey" and pixels.ndim == 4:
        pixels = to_grey(pixels)
    if how.colours == "rgb" and pixels.ndim == 3:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    if how.size is None or pixels.shape[1:3] == how.size:
        return pixels
    return np.stack([_fitted(one, how, name) for one in pixels])


def _labels(labels: npt.NDArray[Any], n_images: int, name: str) -> npt.NDArray[Any]:
    """Return labels as bytes, or as they are if they are names."""
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (n_images,):
        raise ContentError(f"{name}: of shape {labels.shape}, needed: ({n_images},), one an image")
    if labels.dtype.kind in "SU":
        return labels.astype(str)
    if labels.dtype.kind not in "iuf":
        raise ContentError(f"{name}: holds {labels.dtype.name}, needed: whole numbers, or names")
    refuse_outside(labels, MAX_CLASSES - 1, name)
    if (labels != np.floor(labels)).any():
        raise ContentError(f"{name}: labels are whole numbers, or names")
    return labels.astype(np.uint8)


def numbered(labels: Sequence[npt.NDArray[Any]]) -> tuple[list[Bytes], tuple[str, ...]]:
    """Return labels as numbers, and the names of classes: those of the first part, in order.

    Raises
    ------
    InputError
        If there are too many, or another part has one more; or some are names and some numbers.
    """
    if len({part.dtype.kind == "U" for part in labels}) > 1:
        raise InputError("labels are names in one part of the images, and numbers in the other")
    if not labels or labels[0].dtype.kind != "U":
        return list(labels), ()
    names = sorted(set(labels[0].tolist()))
    if len(names) > MAX_CLASSES:
        raise InputError(f"{len(names)} classes, at most {MAX_CLASSES} are possible")
    if unknown := sorted({*itertools.chain(*(part.tolist() for part in labels))} - {*names}):
        raise InputError(f"held-out images of the class {unknown[0]!r}, there are none to train on")
    place = {name: number for number, name in enumerate(names)}
    return [np.array([place[name] for name in part], np.uint8) for part in labels], tuple(names)


def _part(
    shape: tuple[int, ...], path: Path, n_bytes_stored: int, read: Callable[[], Images]
) -> Part:
    """Return a part that fits into memory, and has images with pixels."""
    if not math.prod(shape):
        raise ContentError(f"{named(path)}: empty, its images are of shape {shape}")
    _check_size(math.prod(shape), named(path))
    return Part(shape, n_bytes_stored, read)


def _check_size(n_bytes: int, name: str) -> None:
    if n_bytes > most_bytes():
        raise InputError(f"{name}: {n_bytes:,} bytes do not fit into half of the memory")


# ------------------------------------------------------------------ NumPy's files and HDF5


@contextmanager
def _arrays(path: Path) -> Iterator[dict[str, _Array]]:
    """Open a file of arrays: their names, shapes and types, without what they hold."""
    check_file(path, most_bytes())
    opened, what = _ARRAYS[path.suffix.lower()]
    with legible(named(path), what), opened(path) as found:
        yield found


@contextmanager
def _of_npy(path: Path) -> Iterator[dict[str, _Array]]:
    with path.open("rb") as file:
        shape, dtype = _npy_header(file, path.stat().st_size, named(path))
        yield {"array": _Array(shape, dtype, partial(_npy, path.open, "rb"))}


@contextmanager
def _of_npz(path: Path) -> Iterator[dict[str, _Array]]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:
                shape, dtype = _npy_header(file, member.file_size, f"{named(path)}, {name}")
            found[name] = _Array(shape, dtype, partial(_npy, archive.open, member))
        yield found


def _npy_header(file: IO[bytes], size: int, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array in NumPy's format; refuse a size that isn't that of its file."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0}
    shape, _, dtype = readers.get(version, np.lib.format.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ContentError(f"{name}: holds Python objects, needed: numbers")
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    _check_size(expected, name)
    if size != expected:
        raise ContentError(f"{name}: {size:,} bytes where its header says {expected:,}")
    return shape, dtype


def _npy(opener: Callable[..., IO[bytes]], *args: Any) -> npt.NDArray[Any]:
    with opener(*args) as file:
        found: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return found


@contextmanager
def _of_hdf5(path: Path) -> Iterator[dict[str, _Array]]:
    found = {}

    def meet(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            found[name] = _Array(item.shape, item.dtype, partial(_hdf5, item, f"{path}, {name}"))

    with path.open("rb") as opened, h5py.File(opened, "r") as file:
        file.visititems(meet)
        yield found


def _hdf5(item: h5py.Dataset, name: str) -> npt.NDArray[Any]:
    _check_size(item.size * item.dtype.itemsize, name)
    if h5py.check_string_dtype(item.dtype):
        return item.asstr()[()].astype(str)  # type: ignore[no-any-return]
    found: npt.NDArray[Any] = item[()]
    return found


# By how a file's name ends: what opens it, and what it should be.
_ARRAYS = {
    ".npz": (_of_npz, "NumPy's .npz"),
    ".npy": (_of_npy, "NumPy's .npy"),
    ".h5": (_of_hdf5, "an HDF5 file"),
    ".hdf5": (_of_hdf5, "an HDF5 file"),
}


# ------------------------------------------------------------------ CSV


@dataclass(frozen=True)
class _Columns:
    """What the columns of a CSV file are: where the label is, if there is one; whether named."""

    n_columns: int
    label: int | None
    has_header: bool

    @property
    def n_pixels(self) -> int:
        return self.n_columns - (self.label is not None)


def _of_csv(path: Path, how: How) -> Part:
    check_file(path, most_bytes())
    with readable(path), path.open("rb") as file:
        pieces = iter(lambda: file.read(2**20), b"")
        n_lines, end = 0, b"\n"
        for piece in pieces:
            n_lines, end = n_lines + piece.count(b"\n"), piece[-1:]
        n_lines += end != b"\n"
    columns = _columns(path, how)
    shape = _shape_of_row(columns.n_pixels, how, named(path))
    whole = (n_lines - columns.has_header, *how.sample_shape(shape))
    stored = 100 * ROWS * columns.n_columns  # Python's texts
    return _part(whole, path, stored, partial(_read_csv, path, how, columns, shape))


def _lines(path: Path) -> Iterator[list[str]]:
    """Yield the values of each line that isn't empty."""
    with readable(path), path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        for line in file:
            if line := line.strip():
                yield [value.strip(' "') for value in line.split(",")]


def _columns(path: Path, how: How) -> _Columns:
    first = next(_lines(path), [])
    if not first:
        raise ContentError(f"{named(path)}: empty, needed: a line for each image")
    asked = how.names.get("labels", LABEL_COLUMN)
    # The first may be a label, and a name; columns may be called by their numbers.
    others = first[1:] or first
    counted = [[str(number + start) for number in range(len(others))] for start in (0, 1)]
    has_header = asked in first or others in counted or not all(map(_is_number, others))
    if has_header:
        label = first.index(asked) if asked in first else None
        if label is None and how.labels == "file":
            has = ", ".join(quoted(name) for name in first[:9])
            raise InputError(f"{named(path)}: has no column {asked!r} (it begins with {has})")
    else:
        # As those who publish some have it.
        label = 0 if how.labels == "file" else None
    return _Columns(len(first), label, has_header)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_csv(path: Path, how: How, columns: _Columns, shape: tuple[int, ...]) -> Images:
    lines = enumerate(_lines(path), 1)
    if columns.has_header:
        next(lines)
    pixels, labels = [], []
    while some := list(itertools.islice(lines, ROWS)):
        rows = []
        for number, values in some:
            if len(values) != columns.n_columns:
                raise ContentError(
                    f"{named(path)}: line {number} has {len(values)} values, "
                    f"the first {columns.n_columns}"
                )
            if columns.label is not None:
                labels.append(values.pop(columns.label))
            rows.append(_numbers(values, f"{named(path)}, line {number}"))
        pixels.append(np.array(rows, np.uint8))
    if not pixels:
        raise ContentError(
            f"{named(path)}: empty, below the names of its columns there are no lines"
        )
    images = np.concatenate(pixels).reshape(-1, *shape)
    return Images(
        _as_asked(images, how, named(path)),
        _labels(_numbers_or_names(labels), len(images), f"{named(path)}, labels")
        if how.labels == "file"
        else None,
    )


def _numbers(values: Sequence[str], name: str) -> Bytes:
    """Return a line of numbers from 0 to 255."""
    try:
        found = np.array(values, np.float64)
    except ValueError:
        wrong = next(value for value in values if not _is_number(value))
        raise ContentError(f"{name}: {quoted(wrong)} is no number") from None
    refuse_outside(found, 255, name)
    if (found != np.floor(found)).any():
        wrong = values[int((found != np.floor(found)).argmax())]
        raise ContentError(f"{name}: {wrong} is not allowed: whole numbers from 0 to 255")
    return found.astype(np.uint8)


def _numbers_or_names(labels: Sequence[str]) -> npt.NDArray[Any]:
    return np.array(labels, np.float64) if all(map(_is_number, labels)) else np.array(labels)
