"""A lineage for readers, and for machines."""

import os
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from topodream.origin.lineage import ABSENT, ANEW, BROKEN, DAMAGED, MATCHES, Lineage, Link
from topodream.words import written

MANY = 4  # links of a kind from which on they are counted instead of listed
WIDTH = 100
LONGEST = 600  # characters of settings; JSON has all
PLURALS = {
    "model": "models",
    "sweep": "sweeps",
    "gif": "gifs",
    "data": "data sets",
    "raw": "files",
    "start": "starts",
}

STATES = {
    MATCHES: "match",
    ANEW: "have been made anew since",
    ABSENT: "are not there",
    DAMAGED: "are damaged",
}


def as_mapping(lineage: Lineage) -> dict[str, Any]:
    """Return a lineage as JSON holds it: files by their path in the folder of results."""

    def at(path: Path) -> str:
        return Path(os.path.relpath(path, lineage.results)).as_posix()

    notes = {at(path): _short(note) for path, note in lineage.notes.items()}
    links = [
        {
            "of": at(link.of),
            "what": link.what,
            "name": link.name,
            "sha256": link.sha256,
            "state": link.state,
            "file": None if link.file is None else at(link.file),
            "found_sha256": link.found_sha256,
        }
        for link in lineage.links
    ]
    return {
        "file": at(lineage.file),
        "unbroken": not lineage.broken,
        "notes": notes,
        "links": links,
    }


def _short(note: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a note says of the origin, without results that stand beside it."""
    kept = (
        "made_by",
        "commit",
        "options",
        "settings",
        "device",
        "versions",
        "experiment",
        "described",
    )
    return {key: value for key, value in note.items() if key in kept or key.endswith("_sha256")}


def as_text(lineage: Lineage) -> str:
    """Return a lineage as a tree: under each file what it was made of."""
    return "\n".join(_Tree(lineage).lines)


class _Tree:
    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage
        self._told: set[str] = set()
        self._settings: list[Any] = []
        self.lines = [_path(lineage.file)]
        self._details(lineage.notes[lineage.file], 1)
        self._made_of([lineage.file], 1)
        self.lines += ["", self._conclusion()]

    def _made_of(self, files: Iterable[Path], depth: int) -> None:
        """Tell what files were made of, kind by kind."""
        of, before = set(files), set(self._told)
        kinds: dict[str, dict[str, Link]] = {}
        for link in self._lineage.links:
            if link.of in of:
                kinds.setdefault(link.what, {}).setdefault(link.sha256, link)
        for what, by_digest in kinds.items():
            if len(by_digest.keys() - self._told) >= MANY and what != "raw":
                self._count([*by_digest.values()], depth)
                continue
            for sha256, link in by_digest.items():
                if sha256 in before:
                    self._line(depth, f"<- {_named(link)}: see above")
                elif sha256 not in self._told:  # or it stands under what is nearer
                    self._tell(link, depth)

    def _tell(self, link: Link, depth: int) -> None:
        self._told.add(link.sha256)
        self._line(depth, f"<- {_named(link)}: {link.state}")
        self._line(depth, f"   sha256    {link.sha256}")
        if link.found_sha256:
            self._line(depth, f"   now       {link.found_sha256}")
        note = self._lineage.notes.get(link.file) if link.file else None
        if note is not None and link.file is not None:
            self._details(note, depth)
            self._made_of([link.file], depth + 1)

    def _count(self, links: Sequence[Link], depth: int) -> None:
        """Tell of many files of a kind: how many match, which don't, and what made them."""
        self._told |= {link.sha256 for link in links}
        states = Counter(link.state for link in links)
        said = ", ".join(f"{count} {STATES[state]}" for state, count in states.items())
        what = links[0].what
        self._line(depth, f"<- {len(links)} {PLURALS.get(what, what)}: {said}")
        for link in links:
            if link.state in BROKEN:
                now = f" (now {link.found_sha256})" if link.found_sha256 else ""
                self._line(depth, f"   {link.state}: {link.name} {link.sha256}{now}")
        known = [link.file for link in links if link.file in self._lineage.notes]
        files = [file for file in known if file is not None]
        makers = Counter(_maker(self._lineage.notes[file]) for file in files)
        for maker, count in makers.items():
            self._line(depth, f"   {'all' if count == len(links) else count} of them")
            for word, text in maker:
                self._field(depth, word, text)
        self._made_of(files, depth + 1)

    def _details(self, note: Mapping[str, Any], depth: int) -> None:
        for word, text in _maker(note):
            self._field(depth, word, text)
        for word in ("options", "settings"):
            value = note.get(word)
            # Settings are the same all along a map's chain.
            if value and value not in self._settings:
                self._settings.append(value)
                self._field(
                    depth, word, textwrap.shorten(_words(value), LONGEST, placeholder=" ...")
                )

    def _field(self, depth: int, word: str, text: str) -> None:
        begin = "  " * depth + f" {word:9} "
        indent = " " * len(begin)
        filled = textwrap.wrap(
            text, WIDTH, initial_indent=begin, subsequent_indent=indent,
            break_on_hyphens=False, break_long_words=False,
        )  # fmt: skip
        self.lines += filled

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("  " * (depth - 1) + text)

    def _conclusion(self) -> str:
        links, broken = self._lineage.links, self._lineage.broken
        if not links:
            return "It was made of nothing but its settings."
        if broken:
            return f"Broken: of {len(links)} links {len(broken)} lead to no file that is there."
        return f"Unbroken: {len(links)} links, and every file is the one that was used."


def _named(link: Link) -> str:
    name = _path(link.file) if link.file else link.name
    return f"{link.what} {name}" if name else link.what


def _maker(note: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    computed = (("computed", f"on {note['device']}"),) if "device" in note else ()
    return (
        ("made by", note["made_by"]),
        *computed,
        ("commit", note.get("commit", "not recorded")),
        ("code", note.get("code_sha256", "not recorded")),
        ("versions", _words(note.get("versions", {}))),
    )


def _words(value: Mapping[str, Any]) -> str:
    """Return nested keys and values as one line."""
    return ", ".join(f"{key} {text}" for key, text in _flat(value))


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, written(inner)


def _path(path: Path) -> str:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
