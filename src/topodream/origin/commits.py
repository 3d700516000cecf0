"""Which commit a piece of code is of, as far as git knows.

Nothing here may make a script fail, or wait for long: where git can't tell, the answer says why.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from topodream.files.reading import reason

EDITED = ", edited since"
TIMEOUT = 20  # seconds; git answers in milliseconds, unless a disk hangs

# What git prints, and what is recorded of it: no path, no address.
REASONS = {
    "not a git repository": "no git repository",
    "dubious ownership": "git does not trust the repository's owner, see safe.directory",
    "bad revision 'HEAD'": "nothing is committed",
}


class _NoAnswer(Exception):  # noqa: N818
    """Git could not tell; the text is the reason."""


def last_commit(folder: Path, sources: Mapping[str, bytes]) -> str:
    """Return the commit that last changed any of some sources.

    Commits that change other files only don't count: equal code, of the same history, is of the
    same commit.

    Parameters
    ----------
    folder : Path
        Where the sources lie; the repository may begin further up.
    sources : mapping
        Path in the folder -> content.

    Returns
    -------
    str
        The commit's name; followed by ``EDITED`` if the sources are not as committed; or
        "unknown" with the reason.
    """
    try:
        commit = _git(folder, "rev-list", "-1", "HEAD", "--", *sources).strip()
        if not commit:
            raise _NoAnswer("the code is not in git")
        # Where the history is cut off, its first commit seems to have made everything.
        if _git(folder, "rev-parse", "--is-shallow-repository").strip() != "false":
            raise _NoAnswer("a shallow clone")
        committed = _blobs(_git(folder, "ls-tree", "-z", "HEAD", "--", *sources))
    except _NoAnswer as reason:
        return f"unknown ({reason})"
    as_committed = all(
        name in committed and committed[name] == _blob(content, len(commit))
        for name, content in sources.items()
    )
    return commit if as_committed else commit + EDITED


def date_of(folder: Path, commits: list[str]) -> str | None:
    """Return the day of the latest of some commits, as in 2024-12-31; None if git can't tell."""
    try:
        dates = _git(folder, "log", "--no-walk", "--no-show-signature", "--format=%cs", *commits)
    except _NoAnswer:
        return None
    return max(dates.split(), default=None)


def _git(folder: Path, *args: str) -> str:
    """Run git; raise _NoAnswer if it is missing, refuses or hangs."""
    command = ["git", "--literal-pathspecs", "-C", str(folder), *args]
    try:
        done = subprocess.run(
            command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _NoAnswer("git gave no answer") from None
    except FileNotFoundError:
        raise _NoAnswer("git is not there") from None
    except OSError as error:
        raise _NoAnswer(f"git could not be started: {reason(error)}") from None
    if done.returncode != 0:
        known = (said for sign, said in REASONS.items() if sign in done.stderr)
        raise _NoAnswer(next(known, "git failed"))
    return done.stdout


def _environment() -> dict[str, str]:
    """Return an environment in which git sees the repository of the folder, as it is.

    A hook's variables would lead it to another one; replaced objects are a clone's own; and
    what a partial clone lacks would be fetched.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    return {**kept, **own, "LC_ALL": "C"}


def _blobs(listed: str) -> dict[str, str]:
    """Return what ``git ls-tree -z`` lists: path -> digest of its content."""
    entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
    return {path: about.split()[2] for about, path in entries}


def _blob(content: bytes, length: int) -> str:
    """Return git's digest of a file's content: sha1, or sha256 where names are that long."""
    algorithm = "sha256" if length == 64 else "sha1"
    framed = b"blob %d\0" % len(content) + content
    return hashlib.new(algorithm, framed, usedforsecurity=False).hexdigest()
