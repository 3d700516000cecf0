"""Digests of files, and of the arrays that they hold."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.files.reading import most_bytes, read_bytes


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    return hashlib.sha256(read_bytes(path, most_bytes())).hexdigest()


def content_digest(arrays: Mapping[str, npt.NDArray[np.generic]]) -> str:
    """Return the sha256 over names, types, shapes and values of arrays.

    Unlike the bytes of a file it doesn't depend on how they were stored.
    """
    digest = ContentDigest()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.begin(name, array.dtype, array.shape)
        digest.add(array)
    return digest.hexdigest()


class ContentDigest:
    """The digest of arrays that are there some rows at a time; in the order of their names."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def begin(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        """Begin with an array."""
        self._digest.update(f"{name} {dtype.str} {shape}".encode())

    def add(self, rows: npt.NDArray[np.generic]) -> None:
        """Add its next rows, which lie in one piece."""
        # Its bytes as they lie there: a copy of a large data set is one too many.
        self._digest.update(rows.reshape(-1).view(np.uint8).data)

    def hexdigest(self) -> str:
        """Return the digest of all."""
        return self._digest.hexdigest()
