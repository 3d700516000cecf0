"""Files: written whole or not at all, read with errors a person can act on."""

import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from topodream.errors import InputError
from topodream.provenance import content_digest

# Raised when the layout of the HDF5 files changes.
LAYOUT_VERSION = 2
# Images per chunk: quick to read at random, small when compressed.
CHUNK = 100

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Content:
    """What one of the project's HDF5 files holds.

    ``kind`` is "images", "tapestry", "sequence", "map", or "state" or "epoch" of a
    checkpoint; ``arrays`` go by their path in
    the file ("train/pixels"); ``attributes`` are plain numbers and texts.
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
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        # h5py's text has several lines, with a time and an address in memory.
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        raise InputError(f"cannot write {path}: {reason}") from error
    finally:
        with suppress(OSError):  # most often it has been renamed
            temporary.unlink()


def check_writable(path: Path) -> None:
    """Raise InputError unless a file of that name can be written; make its folder.

    To be called before long work too, so that it isn't done in vain.
    """
    if not path.name or path.is_dir():
        raise InputError(f"cannot write '{path}': it is a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent, prefix=path.name):
            pass
    except OSError as error:
        raise InputError(f"cannot write {path}: {os.strerror(error.errno or 0)}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, as UTF-8."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as readable JSON; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds a mapping."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: has to hold keys and values")
    return content


def write_hdf5(path: Path, content: Content, origin: Mapping[str, str]) -> None:
    """Write arrays and attributes, with a digest of the arrays.

    Equal content gives equal bytes: no times, no tracked order.

    Parameters
    ----------
    path : Path
    content : Content
    origin : mapping
        What made the content, see :func:`topodream.provenance.record`.
    """
    attributes = {
        **content.attributes,
        **origin,
        "kind": content.kind,
        "layout_version": LAYOUT_VERSION,
        "content_sha256": content_digest(content.arrays),
    }
    with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        for name, array in content.arrays.items():
            file.create_dataset(name, data=array, **_storage_options(array))
        for name, value in sorted(attributes.items()):
            file.attrs[name] = value


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


def read_hdf5(path: Path, kinds: Sequence[str], parts: Sequence[str] = ("",)) -> Content:
    """Read a file of one of the given kinds.

    Parameters
    ----------
    path : Path
    kinds : sequence of str
        The accepted kinds of content.
    parts : sequence of str
        Only arrays whose name starts with one of these are read.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another kind or another layout.
    """
    try:
        with h5py.File(path, "r") as file:
            attributes = dict(file.attrs)
            _check_kind(path, attributes, kinds)
            arrays: dict[str, Array] = {}

            def visit(name: str, item: object) -> None:
                if isinstance(item, h5py.Dataset) and name.startswith(tuple(parts)):
                    arrays[name] = item[()]

            file.visititems(visit)
    except (OSError, KeyError, RuntimeError) as error:
        raise InputError(f"cannot read {path}: {_reason(path, error)}") from error
    return Content(attributes["kind"], arrays, attributes)


@contextmanager
def complete(path: Path) -> Iterator[None]:
    """Turn what goes wrong where a file lacks something into one clear error."""
    try:
        yield
    except KeyError as error:
        raise InputError(f"{path}: incomplete, it lacks {error}; make it again") from error
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: damaged ({reason}); make it again") from error


def _check_kind(path: Path, attributes: Mapping[str, Any], kinds: Sequence[str]) -> None:
    kind, version = attributes.get("kind"), attributes.get("layout_version")
    if kind not in kinds:
        raise InputError(f"{path}: holds {kind or 'nothing known'}, needed: {' or '.join(kinds)}")
    if version != LAYOUT_VERSION:
        raise InputError(f"{path}: has layout {version}, needed: {LAYOUT_VERSION}; make it again")


def _reason(path: Path, error: Exception) -> str:
    if not path.exists():
        return "no such file"
    if path.is_dir():
        return "it is a folder"
    return f"not a whole HDF5 file ({' '.join(str(error).split())})"
