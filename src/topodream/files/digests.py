"""Digests of files, and of the arrays that they hold."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

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
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        # Its bytes as they lie there: a copy of a large data set is one too many.
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
