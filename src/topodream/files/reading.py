"""Reading files: only what is a file and of a sensible size; what is wrong, in one line."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topodream.files.errors import ContentError, InputError

# The largest text of the project is the summary of a sweep, some 3 kB for each of its maps.
LARGEST_TEXT = 64 * 2**20

# Names of experiments, points of sweeps and data sets, as folders and files.
NAME_BEGINS, NAME_GOES_ON = "[a-z0-9]", "[a-z0-9._+-]"
NAME = re.compile(f"{NAME_BEGINS}{NAME_GOES_ON}{{0,254}}")
# What a setting ends in that names a file of somebody's, and nothing of the config.
OF_FILES = ".h5"


def check_name(name: object, where: str) -> None:
    """Refuse a name that would lead out of the folder it belongs to, or needs quoting."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        allowed = "lower-case letters, digits and . _ + -, beginning with a letter or digit"
        raise InputError(f"{where}: the name {str(name)[:80]!r} is not allowed: {allowed}")


def most_bytes() -> int:
    """Return how much is read into memory at most: half of what the computer has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def check_file(path: Path, most: int) -> None:
    """Refuse what is missing, larger than it sensibly can be, or something else than a file.

    To open a pipe would wait for ever.

    Raises
    ------
    InputError
        A :class:`ContentError` if it is something else than a file.
    """
    with readable(path):
        found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, a device or a socket"
        raise ContentError(f"cannot read {named(path)}: it is {what}")
    if found.st_size > most:
        size = f"{found.st_size:,} bytes, at most {most:,} are sensible"
        raise InputError(f"cannot read {named(path)}: {size}")


def read_bytes(path: Path, most: int = LARGEST_TEXT) -> bytes:
    """Return what a file holds, if that is no more than it sensibly can be.

    Raises
    ------
    InputError
        If it can't be read, is no file, or is too large.
    """
    check_file(path, most)
    with readable(path):
        return path.read_bytes()


def is_there(path: Path) -> bool:
    """Return whether there is something of that name, be it a link to nothing.

    Raises
    ------
    InputError
        If the operating system doesn't say; ``os.path.lexists`` would say that there isn't.
    """
    with readable(path):
        try:
            os.lstat(path)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into one clear error."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"cannot read {named(path)}: no such file") from error
    except OSError as error:
        raise InputError(f"cannot read {named(path)}: {reason(error)}") from error
    except ValueError as error:  # a NUL in a name
        raise InputError(f"cannot read {path}: {error}") from error


@contextmanager
def parsable(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn what a library raises while it reads a file into one clear error.

    Whatever the operating system refuses has a number, and is no damage; an ``OSError``
    without one is how libraries say that they don't like the content.

    Parameters
    ----------
    path : Path
    *errors : types of exceptions
        What else the library raises of a content that is wrong.
    """
    caught: tuple[type[Exception], ...] = (OSError, *errors)
    with readable(path):
        try:
            yield
        except caught as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise damaged(path, error) from error


@contextmanager
def legible(name: str, what: str) -> Iterator[None]:
    """Turn whatever a library raises of a person's file into one clear error.

    Of damaged files they raise nearly anything. What the operating system refuses has a number,
    and is no damage.

    Parameters
    ----------
    name, what : str
        The file, and what it should be: "a picture".
    """
    try:
        yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"{name}: does not fit into memory") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise InputError(f"cannot read {name}: {reason(error)}") from error
        why = " ".join(str(error).split()) or type(error).__name__
        raise ContentError(f"{name}: damaged, or not {what} ({why})") from error


def damaged(path: Path, why: object) -> ContentError:
    """Return the error that says what is wrong with a result, and how to have it made again.

    Behind a link, as a cache of results makes them, it is the file it leads to that is wrong.
    """
    text, what = " ".join(str(why).split()), "both" if _is_link(path) else "it"
    return ContentError(f"{named(path)}: damaged ({text}); delete {what} so that it is made again")


def named(path: Path) -> str:
    """Return what an error calls a file: its path, and where that leads if it is a link."""
    return f"{path}, a link to {os.path.realpath(path)}" if _is_link(path) else str(path)


def _is_link(path: Path) -> bool:
    return os.path.islink(path)  # noqa: PTH114 (Path's raises where it may not look)


def reason(error: OSError) -> str:
    """Return what the operating system refused; h5py's own text has an address in memory."""
    return os.strerror(error.errno) if error.errno else " ".join(str(error).split())
