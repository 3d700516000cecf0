"""IDX files: the format in which MNIST and its relatives are published, plain or gzipped."""

import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from topodream.files.errors import ContentError, InputError
from topodream.files.reading import check_file, most_bytes, readable

T = TypeVar("T")

# What MNIST's four files are called, and those of data sets that take after it.
NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
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


def read_idx_folder(folder: Path, names: Sequence[str] = NAMES) -> RawFiles:
    """Return the raw bytes of IDX files that lie in a folder, plain or gzipped."""
    found = find_idx_files(folder, names)
    return {name: _read_alike(paths, name) for name, paths in found.items()}


def find_idx_files(folder: Path, names: Sequence[str] = NAMES) -> dict[str, list[Path]]:
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


def read_idx_files(paths: Sequence[Path], names: Sequence[str] = NAMES) -> RawFiles:
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
