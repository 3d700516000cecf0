"""Reads files of every kind while the operating system refuses; to be run with refuse.c loaded.

Prints a line for each reader, call and errno: how often it was refused, and what the last error
was. An error that says anything else than what was refused is a line that begins with "WRONG".
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

from topodream.data import idx
from topodream.files import cli
from topodream.files.errors import ContentError, InputError
from topodream.files.storage import read_hdf5, read_json
from topodream.origin import notes
from topodream.page.page import _picture

REFUSED = ("ESTALE", "EIO", "EMFILE", "EACCES", "ENOMEM")
CALLS = {
    "open": REFUSED,
    "read": REFUSED,
    "flock": ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL", "EAGAIN", *REFUSED),
}
READERS = {
    "x.h5": lambda path: read_hdf5(path, ("map",)),
    "note.h5": notes.read,
    "x.json": read_json,
    "x.yaml": notes.read,
    "x.png": notes.read,
    "x.gif": notes.read,
    "picture.png": lambda path: _picture(path.parent, path.name, ""),
    "train-images.gz": lambda path: idx.read_idx_folder(path.parent, ["train-images"]),
}


def tried(refuse, path, call, number, nth):
    """Read a file; say whether it was refused, and what is wrong with the error."""
    refuse(call.encode(), nth, number, path.name.encode())
    try:
        READERS[path.name](path)
        said = None
    except Exception as error:
        said = error
    uses = refuse(b"", 0, 0, b"")
    if uses < nth or call == "flock":  # a lock that fails is none of our business
        return False, f"unexpected {said!r}" if said else ""
    expected = f"cannot read {path}: {os.strerror(number)}"
    fits = isinstance(said, InputError) and not isinstance(said, ContentError)
    return True, "" if fits and str(said) == expected else f"{said!r} in place of {expected}"


def main():
    """Refuse the first use of each call, the second, and so on until none is left."""
    home, refuse = Path(sys.argv[1]), ctypes.CDLL(None).refuse
    for name in READERS:
        for call, numbers in CALLS.items():
            for number in numbers:
                nth, refused = 1, True
                while refused:
                    refused, fault = tried(refuse, home / name, call, getattr(errno, number), nth)
                    if fault:
                        print(f"WRONG {name}, {call} {nth}: {fault}")
                    nth += refused
                print(f"{name} {call} {number} {nth - 1}")


if __name__ == "__main__":
    cli.run(main)
