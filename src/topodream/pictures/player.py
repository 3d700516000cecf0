"""The files that the page plays moving pictures from.

A browser can show a GIF, but neither stop it nor go to a frame, and a page opened from a
``file://`` address may not read the file's bytes. It may run a script beside it, though: one
that hands over the frames, loaded when the player comes into view.

There they take half the bytes of the GIF: a frame is what it adds to the one before, or, where
pictures are enlarged and rows repeat, each row what it adds to the row above of that; and deflated,
which a browser can undo. Where equal values in a row are all that repeats, no other repetitions are
looked for: that takes half the time, and a tenth fewer bytes. Frames go into groups, of which the
first stands for itself: to go to a frame, one group is inflated.
"""

import hashlib
import itertools
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from topodream.files.reading import check_file, damaged, most_bytes, readable
from topodream.pictures.animation import Animation, Frame, palette, write_gif
from topodream.pictures.packing import LEVEL, as_text, write_script

# What a group of frames comes to in the browser's memory. Half of it would take a twentieth more on
# the disk; twice as much, twice as long to go to a frame.
GROUP_BYTES = 2**24
# What repetitions are looked for: any, or of the byte before alone.
STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE)
# Bytes read at a time.
PIECE = 2**20


def script_of(gif: Path) -> Path:
    """Return the name of the script that holds a GIF's frames.

    >>> script_of(Path("results/a/activity.gif")).as_posix()
    'results/a/activity.gif.js'
    """
    return gif.with_name(f"{gif.name}.js")


def write(gif: Path, made: Animation, note: Mapping[str, Any]) -> None:
    """Write an animation as a GIF, and beside it as a script for the page's player.

    Parameters
    ----------
    gif : Path
    made : Animation
    note : mapping
        What makes both, and of what; the script's has the digest of the GIF too.
    """
    table, comment = made.palette or palette(), json.dumps(note)
    frames = PackedFrames()
    write_gif(gif, made.frames, made.frame_ms, comment, table, also=frames.add)
    content = {"palette": as_text(table), "comment": comment, **frames.content()}
    write_script(script_of(gif), content, {"gif_sha256": checked_digest(gif), **note})


class PackedFrames:
    """Frames as ``frames.js`` of the page unpacks them; of what they were, two are in memory."""

    def __init__(self) -> None:
        """Begin without frames."""
        self._delays: list[int] = []
        self._groups: list[str] = []
        self._pieces: list[bytes] = []
        self._deflating: Any = None  # of a group

    def add(self, frame: Frame, ms: int) -> None:
        """Take the next frame, and how long it is shown."""
        if not self._delays:
            self._shape, (self._by_rows, self._strategy) = frame.shape, _packs_best(frame)
            self._every = max(1, GROUP_BYTES // frame.size)
        if len(self._delays) % self._every == 0:
            self._end_group()
            self._before = np.zeros_like(frame)
        added = frame - self._before
        shown = _by_rows(added) if self._by_rows else added
        self._pieces.append(self._deflating.compress(shown.data))
        self._before = frame
        self._delays.append(ms)

    def _end_group(self) -> None:
        if self._pieces:
            self._groups.append(as_text(b"".join([*self._pieces, self._deflating.flush()])))
        self._pieces, self._deflating = [], _deflation(self._strategy)

    def content(self) -> dict[str, Any]:
        """Return all frames as JSON holds them.

        ``width``, ``height``; ``delays``, milliseconds of each frame; ``every``, how many frames a
        group has; ``by_rows``, whether rows are what they add to the row above; ``groups``, as base64.
        """
        self._end_group()
        height, width = self._shape
        return {
            "width": width,
            "height": height,
            "delays": self._delays,
            "every": self._every,
            "by_rows": self._by_rows,
            "groups": self._groups,
        }


def _by_rows(frame: Frame) -> Frame:
    """Return what each row adds to the row above, modulo 256."""
    rows = frame.copy()
    rows[1:] -= frame[:-1]
    return rows


def _packs_best(frame: Frame) -> tuple[bool, int]:
    """Return how the middle of the first frame takes the fewest bytes: by rows or not, a strategy."""
    middle = frame[3 * len(frame) // 8 : 5 * len(frame) // 8 + 1]

    def size(way: tuple[bool, int]) -> int:
        by_rows, strategy = way
        deflating = _deflation(strategy)
        shown = _by_rows(middle) if by_rows else np.ascontiguousarray(middle)
        return len(deflating.compress(shown.data)) + len(deflating.flush())

    return min(itertools.product((False, True), STRATEGIES), key=size)


def _deflation(strategy: int) -> Any:
    return zlib.compressobj(LEVEL, strategy=strategy)


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
