"""Which content a person's files have, for the workflow: it compares that, not where they lie.

To read all of them at each start of Snakemake, also of those within jobs of a cluster, would take
longer than the rest. So what was found is kept, with what tells a file that was written to since.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from topodream.data.decoding import find_pictures
from topodream.data.idx import alike, find_idx_files, unpacked
from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.files.reading import check_file, most_bytes, readable, reason

# Where it is kept, in the working folder.
KEPT = Path(".snakemake/topodream/idx.json")
# A file that was written to so shortly before may be again, without its time telling, in seconds.
SETTLED_AFTER = 2.0


def digests_of(folder: Path, kept: Path = KEPT) -> dict[str, tuple[Path, str]]:
    """Return MNIST's four names, each with a file that goes by it and the sha256 of its raw content.

    Raises
    ------
    InputError
        If one is missing or can't be read, or if several of one name differ.
    """
    known = _read(kept)
    found = {name: _digest(paths, name, known) for name, paths in find_idx_files(folder).items()}
    _keep(kept, known)
    return found


def digest_of(path: Path, kept: Path = KEPT) -> tuple[Path, str]:
    """Return a file that stands for a file, or for a folder of pictures, and its sha256.

    A folder is one input, not as many as it has pictures: the list of them (:func:`listed`), kept
    beside what else is kept. The same pictures in another folder have the same.

    Raises
    ------
    InputError
        If it is missing or can't be read.
    """
    with readable(path):
        path.stat()
        is_folder = path.is_dir()
    known = _read(kept)
    if is_folder:
        found = _list_of(path, kept, known)
    else:
        found = path, _looked_up([path], path, known, lambda: plain_digest(path))
    _keep(kept, known)
    return found


def listed(folder: Path) -> str:
    """Return a list of a folder's pictures, a line each, as ``sha256sum`` writes it."""
    names = {path.relative_to(folder).as_posix(): path for path in find_pictures(folder)}
    lines = [f"{plain_digest(path)}  {name}\n" for name, path in names.items()]
    return "".join(lines)


def plain_digest(path: Path) -> str:
    """Return the sha256 of a file as it lies there."""
    check_file(path, most_bytes())
    with readable(path):
        return file_digest(path)


def text_digest(text: str) -> str:
    """Return the sha256 of a text; names of files can hold any bytes."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _list_of(folder: Path, kept: Path, known: dict[str, list[str]]) -> tuple[Path, str]:
    """Return a file with the list of a folder's pictures, which is written if it isn't there."""
    digest = _looked_up(find_pictures(folder), folder, known, lambda: _write_list(folder, kept))
    if not _list_file(kept, digest).is_file():
        digest = _write_list(folder, kept)
    return _list_file(kept, digest), digest


def _list_file(kept: Path, digest: str) -> Path:
    return kept.with_name(f"pictures-{digest[:16]}.txt")


def _write_list(folder: Path, kept: Path) -> str:
    text = listed(folder)
    digest = text_digest(text)
    path = _list_file(kept, digest)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(text))
    except OSError as error:
        raise InputError(f"cannot write {path}: {reason(error)}") from error
    return digest


def _digest(paths: Sequence[Path], name: str, known: dict[str, list[str]]) -> tuple[Path, str]:
    digests = {path: _of_file(path, known) for path in paths}
    return alike(digests, name)


def _of_file(path: Path, known: dict[str, list[str]]) -> str:
    def make() -> str:
        digest = hashlib.sha256()
        for piece in unpacked(path):
            digest.update(piece)
        return digest.hexdigest()

    return _looked_up([path], path, known, make)


def _looked_up(
    paths: Sequence[Path], of: Path, known: dict[str, list[str]], make: Callable[[], str]
) -> str:
    """Return the digest of some files, as it is known or anew if one was written to."""
    state, newest = "", 0.0
    for path in paths:
        with readable(path):
            found = path.stat()
        name = f"{path.relative_to(of)} " if path != of else ""
        state += f"{name}{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
        newest = max(newest, found.st_mtime, found.st_ctime)
    state, place = state if len(paths) == 1 else text_digest(state), os.path.realpath(of)
    if known.get(place, [""])[0] == state:
        return known[place][1]
    digest = make()
    if time.time() - newest > SETTLED_AFTER:
        known[place] = [state, digest]
    return digest


def _read(kept: Path) -> dict[str, list[str]]:
    """Return what was kept; nothing where that is nothing or damaged."""
    with suppress(OSError, ValueError):
        content = json.loads(kept.read_text(encoding="utf-8", errors="surrogateescape"))
        if isinstance(content, dict):
            return {place: one for place, one in content.items() if _is_entry(one)}
    return {}


def _is_entry(one: object) -> bool:
    return isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one)


def _keep(kept: Path, known: dict[str, list[str]]) -> None:
    """Keep what was found, if that is possible: it only saves time."""
    text = json.dumps(known, indent=1, sort_keys=True)
    with suppress(OSError):
        if kept.is_file() and kept.read_text(encoding="utf-8", errors="surrogateescape") == text:
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{kept.name}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")
        partial.replace(kept)
