"""Files: written whole or not at all, read with errors a person can act on."""

import glob
import hashlib
import io
import json
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from topodream.arrays import Array
from topodream.files.digests import content_digest
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import (
    check_file,
    damaged,
    most_bytes,
    named,
    read_bytes,
    readable,
    reason,
)
from topodream.files.strict import AmbiguityError, load_json

# Raised when the layout of the HDF5 files changes.
LAYOUT_VERSION = 3
# The first bytes of a file, which hold the digest of the others; at least 512, says HDF5.
SEAL_SIZE = 512
SEALED = b"topodream HDF5\n"
HDF5_MAGIC = b"\x89HDF"
# The key of a JSON file that holds the digest of the others.
DIGEST = "content_sha256"
# What h5py raises of an item that isn't what was asked for, by its own account and by trial.
H5PY_ERRORS = (LookupError, ValueError, TypeError, ArithmeticError)
# Seconds after which a temporary file is nobody's any more.
LONGEST_WRITE = 3600
# Images per chunk: quick to read at random, small when compressed.
CHUNK = 100


@dataclass(frozen=True)
class Content:
    """What one of the project's HDF5 files holds.

    ``kind`` is "map", "state" or "epoch" of a checkpoint, or how data are laid out: "images",
    "sequence" or what a kind of data says (:mod:`topodream.data.kind`). ``arrays`` go by their
    path in the file ("train/pixels"); ``attributes`` are plain numbers and texts.
    """

    kind: str
    arrays: Mapping[str, Array]
    attributes: Mapping[str, Any]


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; rename it to ``path`` when all went well.

    Raises
    ------
    InputError
        If the operating system refuses (no folder, no permission, disk full).
    """
    check_writable(path)
    _remove_left_over(path)
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {reason(error)}") from error
    finally:
        with suppress(OSError):  # most often it has been renamed
            temporary.unlink()


def _remove_left_over(path: Path) -> None:
    """Remove what writers of the same file left that were killed; none writes for so long."""
    with suppress(OSError):  # a folder that can't be listed for the moment
        for old in path.parent.glob(f".????????.{glob.escape(path.name)}"):
            with suppress(OSError):  # another may have removed it
                if time.time() - old.stat().st_mtime > LONGEST_WRITE:
                    old.unlink()


def check_writable(path: Path) -> None:
    """Raise InputError unless a file of that name can be written; make its folder.

    To be called before long work too, so that it isn't done in vain.
    """
    try:
        if not path.name or path.is_dir():
            raise InputError(f"cannot write '{path}': it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent, prefix=path.name):
            pass
    except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot write {path}: {why}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, as UTF-8; half a character, which it lacks, as an escape."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as readable JSON with a digest of it; NaN and infinity are refused."""
    plain = json.loads(json.dumps(content, allow_nan=False))
    sealed = {**plain, DIGEST: json_digest(plain)}
    write_text(path, json.dumps(sealed, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds a mapping, and check its digest.

    A file without one is given by hand, and read as it is: to take the digest out is how to
    say that a change was meant.
    """
    raw = read_bytes(path)
    try:
        content = load_json(raw.decode())
        json.dumps(content, ensure_ascii=False).encode()  # half a character can't be
    except AmbiguityError as error:
        raise InputError(f"{named(path)}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"not a JSON file: {error}") from error
    if not isinstance(content, dict):
        raise damaged(path, "it has to hold keys and values")
    digest = content.pop(DIGEST, None)
    if digest is not None and digest != json_digest(content):
        raise damaged(path, "its digest is that of another content")
    return content


def json_digest(content: Mapping[str, Any]) -> str:
    """Return the digest of a mapping, however its JSON is laid out."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_hdf5(path: Path, content: Content, origin: Mapping[str, str]) -> None:
    """Write arrays and attributes, with a digest of the arrays and one of the file's bytes.

    Equal content gives equal bytes: no times, no tracked order.

    Parameters
    ----------
    path : Path
    content : Content
    origin : mapping
        What made the content, see :func:`topodream.origin.provenance.origin`.
    """
    said, digest = {**content.attributes, **origin}, content_digest(content.arrays)
    attributes = complete_attributes(content.kind, said, digest)
    # In memory first: on a disk that is full, HDF5 crashes or fails again as it closes the file.
    packed = io.BytesIO()
    with h5py.File(packed, "w", userblock_size=SEAL_SIZE) as file:
        for name, array in content.arrays.items():
            file.create_dataset(name, data=array, **_storage_options(array))
        for name, value in sorted(attributes.items()):
            file.attrs[name] = value
    with packed.getbuffer() as raw:
        seal(raw)
        with written_whole(path) as temporary, temporary.open("wb") as whole:
            whole.write(raw)


def complete_attributes(kind: str, said: Mapping[str, Any], content_sha256: str) -> dict[str, Any]:
    """Return all attributes of a file, those that every one has too."""
    layout = {"kind": kind, "layout_version": LAYOUT_VERSION}
    return {**said, **layout, "content_sha256": content_sha256}


def seal(raw: memoryview | bytearray) -> None:
    """Write the digest of a file into its first bytes, which HDF5 leaves to its user."""
    digest = hashlib.sha256(memoryview(raw)[SEAL_SIZE:]).hexdigest()
    raw[:SEAL_SIZE] = seal_of(digest)


def is_sealed(path: Path) -> bool:
    """Return whether a file begins as those that topodream writes, whole or not."""
    check_file(path, most_bytes())
    with readable(path), path.open("rb") as file:
        return file.read(len(SEALED)) == SEALED


def _check_seal(path: Path, file: io.BufferedReader) -> None:
    """Refuse a file that isn't, byte by byte, what was written.

    Before HDF5 gets to see it: its library crashes or never ends on some damaged files.
    """
    found = file.read(SEAL_SIZE)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    if found.startswith(HDF5_MAGIC):
        raise damaged(path, "an HDF5 file of an older layout, or of something else")
    if found != seal_of(digest):
        raise damaged(path, "not a whole HDF5 file, its digest is that of another content")


def seal_of(digest: str) -> bytes:
    """Return the first bytes of a file."""
    text = f"sha256 of what follows after {SEAL_SIZE} bytes: {digest}\n"
    return (SEALED + text.encode()).ljust(SEAL_SIZE, b"\0")


def _storage_options(array: Array) -> dict[str, Any]:
    """Stacks of images are chunked and compressed, anything smaller lies as it is."""
    if array.ndim < 3:
        return {}
    images = CHUNK if array.dtype == np.uint8 else 1
    return {
        "chunks": (min(images, len(array)), *array.shape[1:]),
        "compression": "gzip",
        "compression_opts": 4,
        "shuffle": array.dtype != np.uint8,
    }


def read_hdf5(path: Path, kinds: Sequence[str] | None, parts: Sequence[str] = ("",)) -> Content:
    """Read a file of one of the given kinds.

    The whole file is checked against its digest, whatever is read of it.

    Parameters
    ----------
    path : Path
    kinds : sequence of str or None
        The accepted kinds of content; None: any.
    parts : sequence of str
        Only arrays whose name starts with one of these are read.

    Raises
    ------
    InputError
        If the file can't be read: the operating system refuses, or memory is short; a
        :class:`ContentError` if it is damaged, of another kind or another layout.
    """
    check_file(path, most_bytes())
    # It is opened once, for the digest and for HDF5, which opens and locks no file then: not every
    # file system has locks. Buffered: h5py doesn't notice where a single read gives less.
    with readable(path), path.open("rb") as file:
        _check_seal(path, file)
        return _content(path, file, kinds, parts)


def _content(
    path: Path, file: io.BufferedReader, kinds: Sequence[str] | None, parts: Sequence[str]
) -> Content:
    """Read a file whose digest is right."""
    try:
        with h5py.File(file, "r") as opened:
            attributes = dict(opened.attrs)
            _check_kind(path, attributes, kinds)
            arrays = {name: _array(path, item) for name, item in _arrays_in(opened, parts)}
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # what the operating system refused, as it is
        # The bytes are those written: HDF5 lacks memory, which it doesn't always say, or is too old.
        text = " ".join(str(error).split())
        raise InputError(
            f"cannot read {named(path)}, though its digest is right: {text}"
        ) from error
    except H5PY_ERRORS as error:
        raise damaged(path, error) from error
    return Content(attributes["kind"], arrays, attributes)


def _arrays_in(file: h5py.File, parts: Sequence[str]) -> list[tuple[str, h5py.Dataset]]:
    found = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and name.startswith(tuple(parts)):
            found.append((name, item))

    file.visititems(visit)
    return found


def _array(path: Path, item: h5py.Dataset) -> Array:
    """Return a data set's values, if they are numbers, lie in this file, and fit into memory.

    A few bytes can claim any shape: what was never written takes no room, and what is
    compressed takes no less than a 1,032nd (the most that deflate does).
    """
    if item.dtype.kind not in "biuf":
        raise ValueError(f"{item.name} holds {item.dtype}, not numbers")
    if item.is_virtual or item.external:
        raise ValueError(f"{item.name} refers to other files")
    stored = item.id.get_storage_size()
    if item.nbytes > (1032 if item.chunks else 1) * stored:
        raise ValueError(f"{item.name} claims {item.nbytes:,} bytes, and {stored:,} are stored")
    if item.nbytes > most_bytes():
        size = f"{item.nbytes:,} bytes of {item.name}, at most {most_bytes():,} are sensible"
        raise InputError(f"cannot read {named(path)}: {size}")
    values: Array = item[()]
    return values


def text_of(content: Content, name: str) -> str:
    """Return an attribute that has to be a text; ValueError says if it isn't one."""
    value = content.attributes[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is {type(value).__name__}, not a text")
    value.encode()  # what is no UTF-8 in the file is half a character here, and can't be written
    return value


def names_of(content: Content, name: str) -> list[str]:
    """Return an attribute that has to be a list of texts, in JSON; ValueError says if it isn't."""
    names = json.loads(text_of(content, name))
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise ValueError(f"{name} are no list of names")
    return names


def check_array(
    name: str, array: Array, shape: tuple[int | None, ...], dtype: str, *, infinite: bool = False
) -> None:
    """Raise ValueError unless an array has a shape (None: any length) and a type.

    Floating-point numbers have to be finite, or if ``infinite`` at least numbers.
    """
    fits = len(shape) == array.ndim and all(
        length in (None, found) for length, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} of shape {array.shape} in place of {shape}")
    if array.dtype != dtype:
        raise ValueError(f"{name} of type {array.dtype} in place of {dtype}")
    if array.dtype.kind == "f" and (
        np.isnan(array).any() if infinite else not np.isfinite(array).all()
    ):
        raise ValueError(f"{name} has values that are not finite")


@contextmanager
def complete(path: Path) -> Iterator[None]:
    """Turn what goes wrong where a file lacks or holds something into one clear error.

    To wrap nothing but the use of what was read, so that no other fault is taken for one.
    """
    try:
        yield
    except KeyError as error:
        raise damaged(path, f"incomplete, it lacks {error}") from error
    except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise damaged(path, error) from error


def _check_kind(path: Path, attributes: Mapping[str, Any], kinds: Sequence[str] | None) -> None:
    kind, version = attributes.get("kind"), attributes.get("layout_version")
    if not isinstance(kind, str) or not (kinds is None or kind in kinds):
        needed = "a kind" if kinds is None else " or ".join(kinds)
        raise ContentError(f"{path}: holds {kind or 'nothing known'}, needed: {needed}")
    if version != LAYOUT_VERSION:
        raise damaged(path, f"it has layout {version}, needed: {LAYOUT_VERSION}")
