"""The files that the page's player reads GIFs from.

A browser can show a GIF, but neither stop it nor go to a frame, and a page opened from a
``file://`` address may not read the file's bytes. It may run a script beside it, though: one
that hands over those bytes, loaded when the player comes into view.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topodream.files.reading import check_file, damaged, most_bytes, readable
from topodream.files.storage import written_whole
from topodream.origin import notes

# Bytes at a time; a multiple of three, so that the pieces of base64 make a whole.
PIECE = 3 * 2**20


def script_of(gif: Path) -> Path:
    """Return the name of the script that holds a GIF.

    >>> script_of(Path("results/a/activity.gif")).as_posix()
    'results/a/activity.gif.js'
    """
    return gif.with_name(f"{gif.name}.js")


def write_script(gif: Path, note: Mapping[str, Any]) -> None:
    """Write a GIF's bytes as a script beside it, for ``player.js`` of the page.

    Parameters
    ----------
    gif : Path
    note : mapping
        What makes the script, and of what; the digest of the GIF is added.
    """
    about = {"gif_sha256": checked_digest(gif), **note}
    with written_whole(script_of(gif)) as temporary, temporary.open("wb") as script:
        script.write(f'{notes.comment(".js", about)}deliverGif("'.encode())
        with readable(gif), gif.open("rb") as content:
            while piece := content.read(PIECE):
                script.write(base64.b64encode(piece))
        script.write(b'");\n')


def checked_digest(gif: Path) -> str:
    """Return the sha256 of a file; InputError unless it begins and ends as a GIF does."""
    check_file(gif, most_bytes())
    with readable(gif), gif.open("rb") as content:
        begins = content.read(4) == b"GIF8"
        content.seek(0)
        digest = hashlib.sha256()
        ends = b""
        while piece := content.read(PIECE):
            digest.update(piece)
            ends = piece[-1:]
    if not begins or ends != b";":
        raise damaged(gif, "not a whole GIF")
    return digest.hexdigest()
