"""Result files that needn't fit into memory: written some rows at a time, as HDF5 or as .npz."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from topodream.arrays import Array
from topodream.files.digests import ContentDigest
from topodream.files.errors import InputError
from topodream.files.storage import SEAL_SIZE, complete_attributes, seal_of, written_whole

# The array of a .npz file that holds the attributes, as JSON.
ABOUT = "about"


@dataclass(frozen=True)
class Rows:
    """An array that is made some rows at a time, when it is written.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
        As NumPy writes it: "<f4".
    blocks : iterable of arrays
        Its rows, in their order.
    """

    shape: tuple[int, ...]
    dtype: str
    blocks: Iterable[Array]


Arrays = Mapping[str, Array | Rows]
# A block of rows is handed to it; a function of an array's name and rows opens where they go.
Put = Callable[[Array], object]
Open = Callable[[str, Rows], AbstractContextManager[Put]]


def write_large(path: Path, kind: str, arrays: Arrays, attributes: Mapping[str, Any]) -> None:
    """Write arrays and attributes, as the name of the file ends: .h5 or .npz.

    Equal content gives equal bytes, and one ``content_sha256``, however it is written.

    Raises
    ------
    InputError
        If the file can't be written, or its name ends otherwise.
    """
    check_suffix(path)
    write = _write_hdf5 if path.suffix == ".h5" else _write_npz
    with written_whole(path) as temporary:
        write(temporary, kind, arrays, attributes)


def check_suffix(path: Path) -> None:
    """Refuse a name that doesn't say how a file is to be written."""
    if path.suffix not in (".h5", ".npz"):
        raise InputError(f"cannot write {path}: its name has to end in .h5 or .npz")


def _write(arrays: Arrays, opened: Open) -> str:
    """Write all arrays, block by block, to where they go; return the digest of all."""
    digest = ContentDigest()
    for name in sorted(arrays):
        found = arrays[name]
        rows = found if isinstance(found, Rows) else Rows(found.shape, found.dtype.str, [found])
        digest.begin(name, np.dtype(rows.dtype), rows.shape)
        with opened(name, rows) as put:
            for block in rows.blocks:
                values = np.ascontiguousarray(block, rows.dtype)
                put(values)
                digest.add(values)
    return digest.hexdigest()


# ------------------------------------------------------------------ HDF5


class _File(io.FileIO):
    """A file that remembers what the operating system refused: h5py may say something else."""

    refused: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all, or raise; a single write may do less, and h5py doesn't look."""
        view, done = memoryview(data).cast("B"), 0
        try:
            while done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self.refused = error
            raise
        return done


def _write_hdf5(path: Path, kind: str, arrays: Arrays, attributes: Mapping[str, Any]) -> None:
    with _File(path, "w+") as raw:
        try:
            with h5py.File(raw, "w", userblock_size=SEAL_SIZE) as file:
                digest = _write(arrays, partial(_dataset, file))
                for name, value in sorted(complete_attributes(kind, attributes, digest).items()):
                    file.attrs[name] = value
        except Exception as error:
            raise raw.refused or error from error
        raw.seek(SEAL_SIZE)
        digest = hashlib.file_digest(raw, "sha256").hexdigest()
        raw.seek(0)
        raw.write(seal_of(digest))


@contextmanager
def _dataset(file: h5py.File, name: str, rows: Rows) -> Iterator[Put]:
    made, first = file.create_dataset(name, rows.shape, rows.dtype), 0

    def put(block: Array) -> None:
        nonlocal first
        made[first : first + len(block)] = block
        first += len(block)

    yield put


# ------------------------------------------------------------------ npz


def _write_npz(path: Path, kind: str, arrays: Arrays, attributes: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        digest = _write(arrays, partial(_member, archive))
        about = np.array(json.dumps(complete_attributes(kind, attributes, digest), sort_keys=True))
        with _member(archive, ABOUT, Rows((), about.dtype.str, [])) as put:
            put(about)


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, rows: Rows) -> Iterator[Put]:
    # As NumPy packs it, but without a time.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
        described = {"descr": rows.dtype, "fortran_order": False, "shape": rows.shape}
        np.lib.format.write_array_header_1_0(member, described)
        yield lambda block: member.write(block.tobytes())
