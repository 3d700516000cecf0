"""The data: images of digits, a tapestry of them, windows panning over it.

Pixels are kept as bytes; a pixel's value is byte / 255, in [0, 1].
"""

import gzip
import hashlib
import io
import json
import math
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from topodream.errors import ContentError, InputError
from topodream.files import check_file, most_bytes, readable
from topodream.storage import Content, check_array, complete, read_hdf5, text_of

T = TypeVar("T")
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

EMBEDDED = Path(__file__).with_name("embedded")
PARTS = ("train", "held_out")

# sha256 of MNIST's four raw (not compressed) files.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MNIST_LICENCE = "CC BY-SA 3.0, Yann LeCun and Corinna Cortes"
DOWNLOAD_TRIES = 3
MAX_AXES = 4  # of an IDX file
PIECE = 2**22  # bytes that are read at once
ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")
# How files begin that are met in the place of an IDX file, in lower case.
OTHER_FORMATS = {
    b"pk\x03\x04": "a zip archive: unpack it",
    b"bzh": "packed by bzip2: unpack it",
    b"\xfd7zxz": "packed by xz: unpack it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"<!doctype": "a web page, perhaps in place of a download",
    b"<html": "a web page, perhaps in place of a download",
    b"version h": "perhaps a pointer of Git LFS: git lfs pull",
}

# An IDX file's name -> its raw bytes.
RawFiles = Mapping[str, bytes]


# ------------------------------------------------------------------ samples


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


@dataclass(frozen=True)
class Data:
    """A data set to learn, as read from its file."""

    train: Samples
    held_out: Samples
    is_sequence: bool
    content_sha256: str
    described: str
    licence: str


def read_data(path: Path, kinds: Sequence[str] = ("images", "sequence")) -> Data:
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


# ------------------------------------------------------------------ IDX files


def parse_idx(raw: bytes, name: str) -> npt.NDArray[Any]:
    """Read an IDX file's content: unsigned bytes or 32-bit integers of any shape.

    The format: two zero bytes, a byte for the type, one for the number of axes, each
    axis' length as a big-endian 32-bit integer, then the values.

    Raises
    ------
    ContentError
        If it is something else, or shorter or longer than it says.
    """
    dtype, shape, offset = _idx_header(raw, name)
    expected = offset + dtype.itemsize * math.prod(shape)
    if len(raw) != expected:
        fault = "truncated" if len(raw) < expected else "too long"
        raise ContentError(f"{name}: {fault}, {len(raw)} bytes where its header says {expected}")
    values: npt.NDArray[Any] = np.frombuffer(raw, dtype, offset=offset)
    return values.reshape(shape)


def _idx_header(raw: bytes, name: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return the type and shape of an IDX file's values, and where they begin."""
    types: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in types or not 1 <= raw[3] <= MAX_AXES:
        raise ContentError(
            f"{name}: not an IDX file of bytes or 32-bit integers, 1 to 4 axes{_what_else(raw)}"
        )
    offset = 4 + 4 * raw[3]
    if len(raw) < offset:
        raise ContentError(f"{name}: truncated, {len(raw)} bytes end within its header")
    shape = tuple(int(length) for length in np.frombuffer(raw[4:offset], ">u4"))
    if 0 in shape:
        raise ContentError(f"{name}: empty, its shape is {shape}")
    return types[raw[2]], shape, offset


def _what_else(raw: bytes) -> str:
    """Say what a file is that is none, where its first bytes tell."""
    found = [what for begins, what in OTHER_FORMATS.items() if raw[:9].lower().startswith(begins)]
    if raw[2:4] == b"\0\0" and 1 <= raw[0] <= MAX_AXES:
        found = ["its header is little-endian, that of an IDX file is big-endian"]
    return f" ({found[0]})" if found else ""


def _refuse_little_endian(file: BinaryIO | gzip.GzipFile, head: bytes, name: str) -> bytes:
    """Return the beginning of an IDX file; refuse it if it ends where sizes read backwards say.

    Read the right way such sizes are huge: the file would be called truncated.
    """
    dtype, shape, offset = _idx_header(head, name)
    backwards = [int.from_bytes(length.to_bytes(4, "big"), "little") for length in shape]
    size = offset + dtype.itemsize * math.prod(backwards)
    if size >= offset + dtype.itemsize * math.prod(shape):
        return head
    head += file.read(max(0, size - len(head)) + 1)
    if len(head) == size:
        found = " x ".join(map(str, backwards))
        raise ContentError(
            f"{name}: the sizes in its header are little-endian ({found}), "
            "those of an IDX file are big-endian"
        )
    return head


def idx_shape(path: Path) -> tuple[int, ...] | None:
    """Return the shape of what an IDX file holds, plain or gzipped, by its first bytes.

    None where they are missing, or of something else.
    """
    try:
        with path.open("rb") as file:
            return _idx_header(_plain(file).read(4 + 4 * MAX_AXES), str(path))[1]
    except (OSError, EOFError, zlib.error, InputError):
        return None


def to_idx(array: npt.NDArray[Any]) -> bytes:
    """Return unsigned bytes or integers in the IDX format; the inverse of parse_idx."""
    is_bytes = array.dtype == np.uint8
    header = bytes([0, 0, 0x08 if is_bytes else 0x0C, array.ndim])
    values = array if is_bytes else array.astype(">i4")
    return header + np.array(array.shape, ">u4").tobytes() + values.tobytes()


def read_idx_folder(folder: Path, names: Sequence[str] = tuple(MNIST_SHA256)) -> RawFiles:
    """Return the raw bytes of IDX files that lie in a folder, plain or gzipped."""
    found = find_idx_files(folder, names)
    return {name: _read_alike(paths, name) for name, paths in found.items()}


def find_idx_files(
    folder: Path, names: Sequence[str] = tuple(MNIST_SHA256)
) -> dict[str, list[Path]]:
    """Find IDX files in a folder, under any name that those who publish or unpack them use.

    That is in upper or lower case, with dots or underscores for hyphens, ending in ``.gz`` or
    not, with EMNIST's beginning or without; in the folder itself or in one that bears the
    file's name.

    Returns
    -------
    dict of list of Path
        For each of the names the files that go by it, at least one.

    Raises
    ------
    InputError
        For the first name that no file goes by, or none that can be read.
    """
    with readable(folder):
        is_folder = folder.is_dir()
    if not is_folder:
        hint = ", it is a file: unpack it" if folder.is_file() else ""
        raise InputError(
            f"no folder {folder}{hint}: datasets.<name>.folder names where IDX files lie"
        )
    named_so = {name: _named_so(folder, name) for name in names}
    return {name: _files_among(paths, folder, name) for name, paths in named_so.items()}


def _named_so(folder: Path, name: str) -> list[Path]:
    """Return what goes by a name in a folder, in a fixed order."""
    with readable(folder):
        return sorted(path for path in folder.iterdir() if _spelled(path.name) == name)


def _spelled(name: str) -> str:
    """Return a file's name as MNIST spells it.

    >>> _spelled("train-images.idx3-ubyte"), _spelled("emnist-letters-test-labels-idx1-ubyte.gz")
    ('train-images-idx3-ubyte', 't10k-labels-idx1-ubyte')
    """
    name = re.sub(r"[._]", "-", name.lower().removesuffix(".gz"))
    return re.sub(r"^test-", "t10k-", re.sub(r"^emnist-[a-z]+-", "", name))


def _files_among(paths: Sequence[Path], folder: Path, name: str) -> list[Path]:
    """Return the files among what goes by a name, or lies in a folder that does."""
    with readable(folder):
        within = [part for path in paths if path.is_dir() for part in _named_so(path, name)]
        found = [path for path in (*paths, *within) if path.is_file()]
        packed = [path.name for path in folder.iterdir() if path.suffix.lower() in ARCHIVES]
    if not found and paths:
        check_file(paths[0], most_bytes())  # says what it is instead
    if not found:
        hint = f"; unpack {min(packed)} there" if packed else ""
        raise InputError(f"no file {name} or {name}.gz in {folder}{hint}")
    return found


def read_idx_files(paths: Sequence[Path], names: Sequence[str] = tuple(MNIST_SHA256)) -> RawFiles:
    """Return the raw bytes of IDX files that are given one by one, under their names."""
    by_name = {_spelled(path.name): path for path in paths}
    if missing := [name for name in names if name not in by_name]:
        raise InputError(f"no file {missing[0]} among {', '.join(map(str, paths))}")
    return {name: _read_alike([by_name[name]], name) for name in names}


def _read_alike(paths: Sequence[Path], name: str) -> bytes:
    return alike({path: _joined(unpacked(path)) for path in paths}, name)[1]


def _joined(parts: Iterable[bytes]) -> bytes:
    """Return parts as one; by ``join`` all of it would be there twice."""
    whole = io.BytesIO()
    whole.writelines(parts)
    return whole.getvalue()


def alike(contents: Mapping[Path, T], name: str) -> tuple[Path, T]:
    """Return a file of those that go by a name, with what it holds, if all hold the same."""
    (first, content), *others = contents.items()
    for path, other in others:
        if other != content:
            raise InputError(
                f"{name}: {first} and {path} differ in content; which counts? Move one away"
            )
    return first, content


def unpacked(path: Path) -> Iterator[bytes]:
    """Yield what an IDX file holds, plain or gzipped, piece by piece."""
    check_file(path, most_bytes())
    with readable(path), path.open("rb") as file:
        yield from pieces(file, str(path))


def unpack(file: BinaryIO, name: str) -> bytes:
    """Return what an IDX file holds, see :func:`pieces`."""
    return _joined(pieces(file, name))


def _plain(file: BinaryIO) -> BinaryIO | gzip.GzipFile:
    """Return a file as it is, or what unpacks it if it is gzipped."""
    is_gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_gzipped else file


def pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield what an IDX file holds, gzipped or not, and of one that is too long a byte too much.

    Only as much is read as its header speaks of: a few gzipped bytes can unpack to any number.
    """
    plain = _plain(file)
    try:
        head = _refuse_little_endian(plain, plain.read(4 + 4 * MAX_AXES), name)
        dtype, shape, offset = _idx_header(head, name)
        size = offset + dtype.itemsize * math.prod(shape)
        if size > most_bytes():
            raise InputError(f"{name}: {size:,} bytes, by its header, do not fit into memory")
        yield head
        left = max(0, size - len(head)) + 1
        while left and (piece := plain.read(min(left, PIECE))):
            left -= len(piece)
            yield piece
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ContentError(f"{name}: a damaged gzip file ({error})") from error


# ------------------------------------------------------------------ sources of MNIST


def read_embedded() -> RawFiles:
    """Return the 5,000 digits that come with the package (see its embedded/README.md)."""
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "train-indices-idx1-int")
    held_out = tuple(name.replace("train", "held-out") for name in names)
    return read_idx_folder(EMBEDDED, names + held_out)


def read_keras() -> RawFiles:
    """Return MNIST as TensorFlow's Keras loads it, downloading it into Keras's own cache."""
    try:
        # Seconds to import and not part of the default install: only where asked for.
        from tensorflow.keras.datasets import mnist
    except ImportError as error:
        raise InputError(
            "source keras needs TensorFlow: .venv/bin/pip install -e '.[tensorflow]', "
            f"or choose another source ({error})"
        ) from error
    try:
        (train, train_labels), (test, test_labels) = mnist.load_data()
    except Exception as error:  # offline, Keras raises a bare Exception
        reason = " ".join(str(error).split())
        raise InputError(f"source keras: Keras could not load MNIST: {reason}") from error
    arrays = (train, train_labels, test, test_labels)
    raw = {name: to_idx(array) for name, array in zip(MNIST_SHA256, arrays, strict=True)}
    check_sha256(raw, MNIST_SHA256, "Keras")
    return raw


def read_mirror(
    mirrors: Sequence[str], cache: Path | None, expected: Mapping[str, str] = MNIST_SHA256
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
    """
    faults = []
    for mirror in mirrors:
        try:
            return {name: _fetch(mirror, name, cache, digest) for name, digest in expected.items()}
        except InputError as error:
            faults.append(f"{mirror}: {error}")
    raise InputError(f"source mirror: no mirror served MNIST; {'; '.join(faults)}")


def _fetch(mirror: str, name: str, cache: Path | None, sha256: str) -> bytes:
    import pooch  # only this source needs it, and its import takes a moment

    file = f"{name}.gz"
    # The raw content is checked, not the .gz: a copy that was gzipped again is right too.
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
        with readable(Path(path)), Path(path).open("rb") as packed:
            raw = unpack(packed, file)
        check_sha256({name: raw}, {name: sha256}, mirror)
    except ContentError:
        Path(path).unlink()  # or it would be found in the cache for ever
        if was_cached:  # an old download, perhaps of another mirror: this one is not to blame
            return _fetch(mirror, name, cache, sha256)
        raise
    return raw


def check_sha256(raw: RawFiles, expected: Mapping[str, str], source: str) -> None:
    """Raise ContentError for the first file whose raw content is not the expected one."""
    for name, digest in expected.items():
        found = hashlib.sha256(raw[name]).hexdigest()
        if found != digest:
            raise ContentError(f"{name} from {source} has sha256 {found}, expected {digest}")


def mnist_content(source: str, raw: RawFiles) -> Content:
    """Make the content of a data-set file from IDX files: train first, then held out."""
    arrays = {}
    names = [*raw]
    for part, files in zip(
        PARTS, (names[: len(names) // 2], names[len(names) // 2 :]), strict=True
    ):
        places = [f"source {source}, {name}" for name in files]
        values = [parse_idx(raw[name], place) for name, place in zip(files, places, strict=True)]
        _check_images(values[0], values[1], places)
        for key, array in zip(("pixels", "labels", "indices"), values, strict=False):
            arrays[f"{part}/{key}"] = array if key != "indices" else array.astype(np.int64)
    shapes = [arrays[f"{part}/pixels"].shape[1:] for part in PARTS]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"source {source}: training images are {shapes[0]} pixels, held-out ones {shapes[1]}"
        )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()}
    is_mnist = source == "embedded" or digests == MNIST_SHA256
    attributes = {
        "described": f"{'MNIST' if is_mnist else 'IDX images'}, source {source}",
        "source": source,
        "raw_sha256": json.dumps(digests),
        "licence": MNIST_LICENCE if is_mnist else "as its owner says",
    }
    return Content("images", arrays, attributes)


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


# ------------------------------------------------------------------ tapestry


def weave_tapestry(images: Bytes, side: int, part: str) -> Bytes:
    """Lay images out in a square, column by column, so that a window can wrap around it.

    The last row and column of images then repeat the first: a window that starts in the
    first ``(side - 1)`` images of an axis meets no seam.

    Parameters
    ----------
    images : (n_images, size, size)
    side : int
        Images along each side of the square.
    part : str
        What the images are, for the error.

    Returns
    -------
    (side * size, side * size) uint8
    """
    count, height, width = images.shape
    if height != width:
        raise InputError(f"a tapestry needs square images, these are {height} x {width}")
    if count < side * side:
        raise InputError(
            f"a tapestry of {side} x {side} needs {side * side} images, "
            f"the {part} images are only {count}"
        )
    columns = images[: side * side].reshape(side, side, height, width)
    tapestry = columns.transpose(1, 2, 0, 3).reshape(side * height, side * width).copy()
    tapestry[-height:, :] = tapestry[:height, :]
    tapestry[:, -width:] = tapestry[:, :width]
    return tapestry


def tapestry_content(digits: Path, side: int) -> Content:
    """Weave one tapestry of the training images and one of the held-out ones."""
    images = read_data(digits, ("images",))
    parts = {"train": images.train.pixels, "held_out": images.held_out.pixels}
    arrays = {
        f"{part}/pixels": weave_tapestry(pixels, side, part.replace("_", "-"))
        for part, pixels in parts.items()
    }
    attributes = {
        "described": f"a tapestry of {side} x {side} images ({images.described})",
        "side": side,
        "image_size": images.train.image_shape[0],
        "digits_sha256": images.content_sha256,
        "licence": images.licence,
    }
    return Content("tapestry", arrays, attributes)


# ------------------------------------------------------------------ pan sequence


@dataclass(frozen=True)
class Walk:
    """How windows move: see ``dataset.schema.yaml`` for each number."""

    window: int
    hold: int
    max_acceleration: float
    max_speed: float
    seed: int


def walk_corners(
    walk: Walk, n_frames: int, tapestry_size: int, image_size: int, rng: Any
) -> Integers:
    """Move a window over a tapestry.

    It rests in the middle; every ``hold`` frames, from frame 0 on, a new acceleration is
    drawn; each frame moves first and then changes its speed.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the accelerations, horizontal then vertical, in turn.

    Returns
    -------
    (n_frames, 2) int
        Row and column of the window's upper left corner, each in
        ``[0, tapestry_size - image_size)``.
    """
    accelerations = rng.uniform(
        -walk.max_acceleration, walk.max_acceleration, (-(-n_frames // walk.hold), 2)
    )
    period = tapestry_size - image_size
    corners = np.empty((n_frames, 2), np.int64)
    for axis in (0, 1):
        position, speed = float(tapestry_size // 2), 0.0
        for frame in range(n_frames):
            position += speed
            speed += float(accelerations[frame // walk.hold, axis])
            speed = min(max(speed, -walk.max_speed), walk.max_speed)
            corners[frame, 1 - axis] = int(position) % period
    return corners


def cut_windows(tapestry: Bytes, corners: Integers, window: int) -> Bytes:
    """Cut a window at each corner: (n_frames, window, window)."""
    every_window = np.lib.stride_tricks.sliding_window_view(tapestry, (window, window))
    return np.ascontiguousarray(every_window[corners[:, 0], corners[:, 1]])


@dataclass(frozen=True)
class Tapestry:
    """Two tapestries, as read from their file.

    Attributes
    ----------
    pixels : mapping
        "train" and "held_out" -> (size, size) uint8
    image_size : int
        The side of an image.
    """

    pixels: Mapping[str, Bytes]
    image_size: int
    content_sha256: str
    described: str
    licence: str


def read_tapestry(path: Path) -> Tapestry:
    """Read a file of tapestries."""
    content = read_hdf5(path, ("tapestry",))
    with complete(path):
        pixels = {part: content.arrays[f"{part}/pixels"] for part in PARTS}
        size, image_size = len(pixels["train"]), int(content.attributes["image_size"])
        for part in PARTS:
            check_array(f"{part}/pixels", pixels[part], (size, size), "uint8")
        if image_size < 1 or size % image_size or size < 2 * image_size:
            raise ValueError(f"images of {image_size} pixels make no tapestry of {size}")
        return Tapestry(
            pixels=pixels,
            image_size=image_size,
            content_sha256=text_of(content, "content_sha256"),
            described=text_of(content, "described"),
            licence=text_of(content, "licence"),
        )


def pan_content(tapestry: Path, walk: Walk, n_frames: Mapping[str, int]) -> Content:
    """Walk over the tapestry of training images, and independently over the held-out one."""
    woven = read_tapestry(tapestry)
    if walk.window > woven.image_size:
        raise InputError(
            f"window = {walk.window} is not allowed: at most {woven.image_size}, the side of an image "
            f"of {tapestry}, or windows would not wrap"
        )
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, rng in zip(PARTS, np.random.default_rng(walk.seed).spawn(2), strict=True):
        pixels = woven.pixels[part]
        corners = walk_corners(walk, n_frames[part], len(pixels), woven.image_size, rng)
        arrays[f"{part}/pixels"] = cut_windows(pixels, corners, walk.window)
        arrays[f"{part}/corners"] = corners
    attributes = {
        "described": f"windows of {walk.window} x {walk.window} panning over {woven.described}",
        **asdict(walk),
        "tapestry_sha256": woven.content_sha256,
        "licence": woven.licence,
    }
    return Content("sequence", arrays, attributes)
