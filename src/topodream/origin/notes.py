"""The note in every file that says what made it: how each kind of file carries it.

HDF5 files in their attributes, JSON files in their keys, PNGs in their ``Description``, PDFs and
SVGs as a keyword, GIFs in their comment, as ZIPs do; YAML, Markdown, HTML and scripts in a comment, a
line of its own, with which scripts begin.
"""

import html
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from topodream.files.errors import ContentError
from topodream.files.large import ABOUT
from topodream.files.reading import (
    check_file,
    legible,
    most_bytes,
    named,
    parsable,
    read_bytes,
    readable,
)
from topodream.files.storage import read_hdf5, read_json
from topodream.files.strict import read_yaml

# How a comment begins and ends, by the file's suffix.
COMMENTS = {
    ".yaml": ("# ", ""),
    ".js": ("// ", ""),
    ".md": ("<!-- ", " -->"),
    ".html": ("<!-- ", " -->"),
}

# What is kept as JSON in a text: not all kinds of files hold more than texts and numbers.
PACKED = ("versions", "options", "settings", "raw_sha256")


def comment(suffix: str, note: Mapping[str, Any]) -> str:
    """Return a note as a comment, a line that ends in a newline.

    >>> print(comment(".yaml", {"made_by": "a script"}), end="")
    # provenance: {"made_by": "a script"}
    """
    begin, end = COMMENTS[suffix]
    # Without ">" the note can't end the comment it stands in.
    packed = json.dumps(note).replace(">", "\\u003e")
    return f"{begin}provenance: {packed}{end}\n"


def read(path: Path) -> dict[str, Any]:
    """Return what a file says of itself, and of what made it.

    Raises
    ------
    InputError
        If it can't be read; a :class:`ContentError` if it is damaged, or says nothing.
    """
    check_file(path, most_bytes())
    reader: Callable[[Path], Any] = _READERS.get(path.suffix, _nothing)
    # What Pillow raises of a damaged picture, and json of what is no JSON.
    with parsable(path, ValueError, SyntaxError, RecursionError):
        note = reader(path)
        if isinstance(note, dict) and "made_by" in note:
            return {key: _unpacked(key, value) for key, value in note.items()}
    raise ContentError(f"{path}: does not say what made it, so it is no result of topodream")


def _unpacked(key: str, value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return json.loads(value) if key in PACKED and isinstance(value, str) else value


def _attributes(path: Path) -> dict[str, Any]:
    return dict(read_hdf5(path, None, parts=()).attributes)


def _about(path: Path) -> Any:
    with legible(named(path), "NumPy's .npz"), np.load(path) as arrays:
        return json.loads(str(arrays[ABOUT])) if ABOUT in arrays else {}


def _description(path: Path) -> Any:
    with Image.open(path) as image:
        return json.loads(image.info.get("Description", "{}"))


def _pdf_keywords(path: Path) -> Any:
    """Return what stands among the keywords of a PDF, as text between brackets."""
    found = re.search(
        rb"/Keywords \(((?:[^\\()]|\\.)*)\)", read_bytes(path, most_bytes()), re.DOTALL
    )
    return json.loads(re.sub(rb"\\(.)", rb"\1", found[1])) if found else {}


def _svg_keywords(path: Path) -> Any:
    """Return the first keyword of an SVG."""
    found = re.search(
        r"<rdf:li>(\{.*?\})</rdf:li>", read_bytes(path, most_bytes()).decode(), re.DOTALL
    )
    return json.loads(html.unescape(found[1])) if found else {}


def _gif_comment(path: Path) -> Any:
    with Image.open(path) as image:
        return json.loads(image.info.get("comment", b"{}"))


def _zip_comment(path: Path) -> Any:
    with legible(named(path), "a ZIP"), zipfile.ZipFile(path) as packed:
        return json.loads(packed.comment or b"{}")


def _comment(path: Path) -> Any:
    return _comment_in(read_bytes(path).decode(), path.suffix)


def _first_line(path: Path) -> Any:
    """Return the comment that a script begins with; much follows."""
    with readable(path), path.open("rb") as script:
        return _comment_in(script.readline().decode(), path.suffix)


def _comment_in(text: str, suffix: str) -> Any:
    begin, end = map(re.escape, COMMENTS[suffix])
    found = re.search(rf"^{begin}provenance: (\{{.*\}}){end}$", text, re.MULTILINE)
    return json.loads(found[1]) if found else {}


def _comment_of_settings(path: Path) -> Any:
    """Return the comment, and the settings that the file consists of."""
    note = _comment(path)
    return {**note, "settings": read_yaml(path)} if note else {}


def _nothing(_: Path) -> dict[str, Any]:
    return {}


_READERS: dict[str, Callable[[Path], Any]] = {
    ".h5": _attributes,
    ".npz": _about,
    ".json": read_json,
    ".png": _description,
    ".pdf": _pdf_keywords,
    ".svg": _svg_keywords,
    ".gif": _gif_comment,
    ".zip": _zip_comment,
    **dict.fromkeys(COMMENTS, _comment),
    ".js": _first_line,
    ".yaml": _comment_of_settings,
}
