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

from topodream import notes
from topodream.files import damaged, most_bytes, read_bytes
from topodream.storage import write_text


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
    content = read_bytes(gif, most_bytes())
    if not content.startswith(b"GIF8") or not content.endswith(b";"):
        raise damaged(gif, "not a whole GIF")
    packed = base64.b64encode(content).decode("ascii")
    about = {"gif_sha256": hashlib.sha256(content).hexdigest(), **note}
    write_text(script_of(gif), f'{notes.comment(".js", about)}deliverGif("{packed}");\n')
