"""Which content IDX files have, for the workflow: it compares that, not where they lie.

To read all of them at each start of Snakemake, also of those within jobs of a cluster, would take
longer than the rest. So what was found is kept, with what tells a file that was written to since.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from topodream.data.idx import alike, find_idx_files, unpacked
from topodream.files.reading import readable

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


def _digest(paths: Sequence[Path], name: str, known: dict[str, list[str]]) -> tuple[Path, str]:
    digests = {path: _of_file(path, known) for path in paths}
    return alike(digests, name)


def _of_file(path: Path, known: dict[str, list[str]]) -> str:
    with readable(path):
        found, place = path.stat(), str(path.resolve())
    state = f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    if known.get(place, [""])[0] == state:
        return known[place][1]
    digest = hashlib.sha256()
    for piece in unpacked(path):
        digest.update(piece)
    if time.time() - max(found.st_mtime, found.st_ctime) > SETTLED_AFTER:
        known[place] = [state, digest.hexdigest()]
    return digest.hexdigest()


def _read(kept: Path) -> dict[str, list[str]]:
    """Return what was kept; nothing where that is nothing or damaged."""
    with suppress(OSError, ValueError):
        content = json.loads(kept.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return {place: one for place, one in content.items() if _is_entry(one)}
    return {}


def _is_entry(one: object) -> bool:
    return isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one)


def _keep(kept: Path, known: dict[str, list[str]]) -> None:
    """Keep what was found, if that is possible: it only saves time."""
    text = json.dumps(known, indent=1, sort_keys=True)
    with suppress(OSError):
        if kept.is_file() and kept.read_text(encoding="utf-8") == text:
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{kept.name}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(kept)
