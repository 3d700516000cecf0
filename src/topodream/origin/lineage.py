"""From a file of the results back to the raw data, link by link.

Every file says of what it was made by digests. Here they are compared with the files that lie
in the results now: each link matches, or what lies there is another, or nothing does.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from topodream.data import KINDS
from topodream.files.digests import file_digest
from topodream.files.errors import ContentError
from topodream.files.reading import OF_FILES
from topodream.files.storage import complete, read_hdf5
from topodream.origin import notes

MATCHES, ANEW, ABSENT = "matches", "has been made anew since", "not there"
DAMAGED = "damaged"
BROKEN = (ANEW, ABSENT, DAMAGED)
NOT_KEPT = "not kept here"

# How a data set may be laid out that data are made of, by the key that names it; the nearest first.
MADE_OF: dict[str, set[str]] = {}
for kind in reversed(KINDS.values()):
    for key, layouts in kind.made_of.items():
        MADE_OF.setdefault(key, set()).update(layouts)
# What a digest in a note is of, by its key without "_sha256"; in the order of the chain.
KEYS = {
    "page": "page",
    "gif": "gif",
    "sweep": "sweep",
    "sweeps": "sweep",
    "findings": "findings",
    "baselines": "baselines",
    "model": "model",
    "measures": "measures",
    "start": "start",
    "images": "images",
    "data": "data",
    **{key: key for key in MADE_OF},
    "raw": "raw",
}


@dataclass(frozen=True)
class Link:
    """What a file was made of.

    Attributes
    ----------
    of : Path
        The file that says so.
    what : str
        "model", "measures", "start" (the map that training started from), "images" (what a map was
        shown), "data", "raw", "sweep", "findings", "gif", "page", or a key of ``MADE_OF``.
    name : str
        Of the experiment, sweep or file, where the note has one.
    sha256 : str
        As it is recorded: of the content of an HDF5 file, of the bytes of any other.
    state : str
        ``MATCHES``, or one of ``BROKEN``; of somebody's own files ``NOT_KEPT``, or what a kind of data
        says of it (:meth:`topodream.data.kind.Kind.origin_of`).
    file : Path or None
        The one that lies there.
    found_sha256 : str or None
        Its digest, where it is another.
    """

    of: Path
    what: str
    name: str
    sha256: str
    state: str
    file: Path | None = None
    found_sha256: str | None = None


@dataclass(frozen=True)
class Lineage:
    """All that led to a file.

    Attributes
    ----------
    file : Path
    results : Path
        The folder in which was looked.
    notes : dict
        The file, and every one behind it that matches -> what it says of itself.
    links : list of Link
    """

    file: Path
    results: Path
    notes: dict[Path, dict[str, Any]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    @property
    def broken(self) -> list[Link]:
        """The links behind which nothing is known."""
        return [link for link in self.links if link.state in BROKEN]


def trace(file: Path, results: Path | None = None) -> Lineage:
    """Follow a file back to the raw data.

    Parameters
    ----------
    file : Path
    results : Path, optional
        The folder of results; without it, the nearest one above the file that has data sets.

    Raises
    ------
    InputError
        If the file does not say what made it, or one that may be behind it can't be read.
    """
    notes.read(file)  # or the error would name it as nobody typed it
    file = file.absolute()
    lineage = Lineage(file, results.absolute() if results else _results_of(file))
    shelf = Shelf(lineage.results)
    waiting = [file]
    while waiting:
        at = waiting.pop()
        if at not in lineage.notes:
            lineage.notes[at] = notes.read(at)
            found = links_of(at, lineage.notes[at], shelf)
            lineage.links.extend(found)
            waiting += [link.file for link in found if link.state == MATCHES and link.file]
    return lineage


def _results_of(file: Path) -> Path:
    """Return the nearest folder above a file that has data sets, or else the file's own."""
    return next((one for one in file.parents if any(one.glob("data/*.h5"))), file.parent)


def links_of(of: Path, note: Mapping[str, Any], shelf: "Shelf") -> list[Link]:
    """Return what a file was made of, the nearest first."""
    with complete(of):
        return list(_links(of, note, shelf))


def _links(of: Path, note: Mapping[str, Any], shelf: "Shelf") -> Iterator[Link]:
    # What has a place by name, where the note doesn't give the name beside the digest.
    experiment = note.get("experiment", "")
    names = {"model": experiment, "measures": experiment, "sweep": note.get("sweep", "")}
    settings = dict(note.get("settings", {}))
    names |= {"data": settings.get("dataset", ""), "start": settings.get("start_from", "")}
    names["images"] = note.get("images", "")
    for key, what in KEYS.items():
        for name, sha256 in _named(note.get(f"{key}_sha256", []), names.get(what, "")):
            if what == "raw":
                yield _raw_link(of, name, sha256)
            else:
                yield shelf.find(of, what, name, sha256)


def _named(digests: Any, name: str) -> Iterable[tuple[str, str]]:
    """Return digests with their names: there is one, a list of them, or a mapping."""
    if isinstance(digests, Mapping):
        return digests.items()
    return [(name, digest) for digest in ([digests] if isinstance(digests, str) else digests)]


class Shelf:
    """The files of a folder of results, with their digests; each is read once."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._known: dict[Path, str | None] = {}

    def find(self, of: Path, what: str, name: str, sha256: str) -> Link:
        """Return the link to a file of that digest, or to what lies in its place."""
        there = [path for path in self._places(of, what, name) if path.is_file()]
        others = [
            path for path, layout in self._datasets.items()
            if what in ("data", "images") or layout in MADE_OF.get(what, ())
        ]  # fmt: skip
        for path in dict.fromkeys([*there, *others]):
            if self._digest(path) == sha256:
                return Link(of, what, name, sha256, MATCHES, path)
        # Without a name, none of several data sets need be the one that was there.
        instead = there or (others if not name and len(others) == 1 else [])
        if not instead:
            # What is no experiment's was somebody's file, and lay anywhere.
            state = NOT_KEPT if what == "start" and name.endswith(OF_FILES) else ABSENT
            return Link(of, what, name, sha256, state)
        found = self._digest(instead[0])
        state = DAMAGED if found is None else ANEW
        return Link(of, what, name, sha256, state, instead[0], found)

    def _places(self, of: Path, what: str, name: str) -> list[Path]:
        """Return where a file should lie: as the workflow has it, or all in one folder."""
        places = {
            "gif": [of.with_suffix("")],
            "page": [Path("index.html")],
            "findings": [Path("findings.json")],
            "sweep": [Path("sweeps", f"{name}.json")],
            "model": [Path(name, "model.h5"), Path("model.h5")],
            "measures": [Path(name, "measures.json"), Path("measures.json")],
            "baselines": [Path(name, "baselines.json"), Path("baselines.json")],
            "start": [Path(name)] if name.endswith(OF_FILES) else [Path(name, "model.h5")],
            **dict.fromkeys(("data", "images"), [Path("data", f"{name}.h5")] if name else []),
        }
        return [self._results / place for place in places.get(what, [])]

    @cached_property
    def _datasets(self) -> dict[Path, str]:
        """The data sets that are sound, with how they are laid out."""
        found, layouts = {}, {kind.layout for kind in KINDS.values()}
        for path in sorted([*self._results.glob("data/*.h5"), *self._results.glob("*.h5")]):
            with suppress(ContentError):
                if (layout := notes.read(path)["kind"]) in layouts:
                    found[path] = layout
        return found

    def _digest(self, path: Path) -> str | None:
        """Return the digest of a file, or None if it is damaged."""
        if path not in self._known:
            self._known[path] = None
            with suppress(ContentError):
                self._known[path] = self._read_digest(path)
        return self._known[path]

    def _read_digest(self, path: Path) -> str:
        if path.suffix != ".h5":
            return file_digest(path)
        # Reading it checks that it is, byte by byte, what was written.
        return str(read_hdf5(path, None, parts=()).attributes.get("content_sha256"))


def _raw_link(of: Path, name: str, sha256: str) -> Link:
    """Return the link to a file that nothing here made."""
    said = (kind.origin_of(name, sha256) for kind in KINDS.values())
    return Link(of, "raw", name, sha256, next(filter(None, said), NOT_KEPT))
