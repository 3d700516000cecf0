"""A page with all that it shows as one file, to send or to put on a web server.

Left out is what stands under links of the class ``local``: maps, logs, GIFs. The page hides them
(``site.css``), and makes GIFs of the frames that it has.
"""

import json
import os
import posixpath
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from topodream.files.digests import file_digest
from topodream.files.errors import InputError, quoted
from topodream.files.reading import damaged, read_bytes, readable
from topodream.files.storage import complete, written_whole
from topodream.origin import notes

LINKS = ("href", "src", "data-script")
# Those that lead to no file.
ELSEWHERE = ("http", "https", "mailto", "data")
VOID = ("br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
BEGINS = '<html lang="en">'
AS_SITE = '<html lang="en" class="site">'

# When ZIPs begin to count: the time of all files, so that equal pages give equal bytes.
EARLIEST = (1980, 1, 1, 0, 0, 0)
# Deflated already, and not as base64.
STORED = (".png",)
# Bytes copied at a time, and names that an error lists.
PIECE, MOST_NAMES = 2**20, 10


@dataclass(frozen=True)
class Site:
    """What was packed: maps, files, and the bytes of these."""

    n_maps: int
    n_files: int
    n_bytes: int


def pack(page: Path, output: Path, origin: Mapping[str, Any]) -> Site:
    """Write a ZIP of a page and of the files that it needs; its comment says what made it.

    Parameters
    ----------
    page : Path
        ``index.html``, in the folder of results.
    output : Path
    origin : mapping
        What makes the ZIP, for its note.

    Raises
    ------
    InputError
        If something is missing or was made anew since the page was, or a link leads out of the
        folder.
    """
    note = notes.read(page)
    html = read_bytes(page).decode()
    with complete(page):
        parser = _Links()
        parser.feed(html)
        maps = json.loads(parser.study)["experiments"]
        links = [*parser.links, *(one["laboratory"] for one in maps)]
        names = sorted({_file_of(link, page) for link in links} - {"", page.name})
        measures = {one["name"]: note["measures_sha256"][one["name"]] for one in maps}
    _check_there(page, names)
    _check_measures(page, measures)
    if html.count(BEGINS) != 1:
        raise damaged(page, f"it does not begin with {BEGINS}")
    about = {"page_sha256": file_digest(page), **origin}
    with written_whole(output) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        packed.comment = json.dumps(about).encode()
        _add(packed, f"{output.stem}/{page.name}", [html.replace(BEGINS, AS_SITE).encode()])
        for name in names:
            _add(packed, f"{output.stem}/{name}", _pieces(page.parent / name))
        n_bytes = sum(entry.file_size for entry in packed.infolist())
    return Site(len(maps), 1 + len(names), n_bytes)


def _add(packed: zipfile.ZipFile, name: str, content: Iterable[bytes]) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, whatever this is
    is_packed = name.endswith(STORED)
    entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    with packed.open(entry, "w", force_zip64=True) as file:
        for piece in content:
            file.write(piece)


def _pieces(path: Path) -> Iterator[bytes]:
    with readable(path), path.open("rb") as content:
        while piece := content.read(PIECE):
            yield piece


def _check_there(page: Path, names: Iterable[str]) -> None:
    # Path.is_file would raise where a name is too long.
    missing = [name for name in names if not os.path.isfile(page.parent / name)]  # noqa: PTH113
    if missing:
        more = f" and {len(missing) - MOST_NAMES} more" if len(missing) > MOST_NAMES else ""
        shown = ", ".join(missing[:MOST_NAMES]) + more
        raise InputError(f"{page}: of what it shows, these files are missing: {shown}")


def _check_measures(page: Path, measures: Mapping[str, str]) -> None:
    """Refuse a page that shows other measures than lie beside it."""
    for name, sha256 in measures.items():
        path = page.parent / name / "measures.json"
        if file_digest(path) != sha256:
            raise InputError(f"{page}: {path} has been made anew since; make the page again")


def _file_of(link: str, page: Path) -> str:
    """Return the file that a link leads to, or nothing if it leads to none."""
    parts = urlsplit(link)
    if parts.scheme in ELSEWHERE or not (parts.scheme or parts.netloc or parts.path):
        return ""
    name = posixpath.normpath(unquote(parts.path))
    if parts.scheme or parts.netloc or name.startswith(("/", "..")):
        raise InputError(f"{page}: the link {quoted(link)} leads out of its folder")
    return name


class _Links(HTMLParser):
    """The links of a page, but for those in what a site leaves out; and what its scripts know."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.study = ""
        self._inside_study = False
        # The tag of what is left out, where one is within it, and how often it was opened.
        self._local, self._depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self._local:
            self._depth += tag == self._local
        elif "local" in (given.get("class") or "").split():
            self._local, self._depth = ("", 0) if tag in VOID else (tag, 1)
        else:
            self.links += [value for key in LINKS if (value := given.get(key))]
            self._inside_study = given.get("id") == "study"

    def handle_endtag(self, tag: str) -> None:
        self._inside_study = False
        self._depth -= tag == self._local
        if self._depth == 0:
            self._local = ""

    def handle_data(self, data: str) -> None:
        if self._inside_study:
            self.study += data
