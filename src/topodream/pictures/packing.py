"""Arrays in scripts: what a page reads that is opened from a file, which may read no other files.

A script hands over an object; an array in it is its type, its shape and its bytes: deflated, as
base64. A page unpacks them by ``packed.js``.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.files.storage import written_whole
from topodream.origin import notes

# A higher level takes ten times as long, for a hundredth of the bytes.
LEVEL = 6
# What a page knows, each as its own array: Uint8Array, Int16Array, ...
TYPES = ("uint8", "int16", "uint16", "int32", "uint32", "float32")


def packed(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array as JSON holds it: ``dtype``, ``shape`` and ``bytes``.

    First the first byte of each number, then the second, and so on: what is alike stands together,
    and deflates to less.

    Parameters
    ----------
    array : of one of TYPES

    Examples
    --------
    >>> packed(np.zeros((1, 2), np.uint8))
    {'dtype': 'uint8', 'shape': [1, 2], 'bytes': 'eJxjYAAAAAIAAQ=='}
    """
    name = array.dtype.name
    assert name in TYPES, name  # noqa: S101
    numbers = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    planes = numbers.reshape(-1).view(np.uint8).reshape(-1, array.itemsize).T
    deflated = zlib.compress(planes.tobytes(), LEVEL)
    return {"dtype": name, "shape": list(array.shape), "bytes": as_text(deflated)}


def as_text(content: bytes) -> str:
    """Return bytes as JSON holds them: base64."""
    return base64.b64encode(content).decode()


def write_script(path: Path, content: Mapping[str, Any], note: Mapping[str, Any]) -> None:
    """Write a script that hands over an object; ``note`` says what made it."""
    body = json.dumps(content, allow_nan=False, separators=(",", ":"))
    with written_whole(path) as temporary:
        temporary.write_text(f"{notes.comment('.js', note)}deliver({body});\n", encoding="utf-8")
