"""The pan sequence: windows moving over a tapestry."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes, Integers
from topodream.data.kind import DataPicture, DataSize, Kind, Sizes
from topodream.data.samples import PARTS
from topodream.data.tapestry import read_tapestry
from topodream.files.errors import InputError
from topodream.files.storage import Content
from topodream.files.strict import Section
from topodream.traits import SEQUENCE


@dataclass(frozen=True)
class Walk:
    """How windows move: see ``pan.schema.yaml`` for each number."""

    window: int
    hold: int
    max_acceleration: float
    max_speed: float
    seed: int


def walk_corners(
    walk: Walk, n_frames: int, tapestry_size: int, image_size: int, rng: Any
) -> Integers:
    """Move a window over a tapestry.

    It rests in the middle; every ``hold`` frames, from frame 0 on, a new acceleration is
    drawn; each frame moves first and then changes its speed.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the accelerations, horizontal then vertical, in turn.

    Returns
    -------
    (n_frames, 2) int
        Row and column of the window's upper left corner, each in
        ``[0, tapestry_size - image_size)``.
    """
    accelerations = rng.uniform(
        -walk.max_acceleration, walk.max_acceleration, (-(-n_frames // walk.hold), 2)
    )
    period = tapestry_size - image_size
    corners = np.empty((n_frames, 2), np.int64)
    for axis in (0, 1):
        position, speed = float(tapestry_size // 2), 0.0
        for frame in range(n_frames):
            position += speed
            speed += float(accelerations[frame // walk.hold, axis])
            speed = min(max(speed, -walk.max_speed), walk.max_speed)
            corners[frame, 1 - axis] = int(position) % period
    return corners


def cut_windows(tapestry: Bytes, corners: Integers, window: int) -> Bytes:
    """Cut a window at each corner: (n_frames, window, window)."""
    every_window = np.lib.stride_tricks.sliding_window_view(tapestry, (window, window))
    return np.ascontiguousarray(every_window[corners[:, 0], corners[:, 1]])


def pan_content(tapestry: Path, walk: Walk, n_frames: Mapping[str, int]) -> Content:
    """Walk over the tapestry of training images, and independently over the held-out one."""
    woven = read_tapestry(tapestry)
    if walk.window > woven.image_size:
        raise InputError(
            f"window = {walk.window} is not allowed: at most {woven.image_size}, the side of an image "
            f"of {tapestry}, or windows would not wrap"
        )
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, rng in zip(PARTS, np.random.default_rng(walk.seed).spawn(2), strict=True):
        pixels = woven.pixels[part]
        corners = walk_corners(walk, n_frames[part], len(pixels), woven.image_size, rng)
        arrays[f"{part}/pixels"] = cut_windows(pixels, corners, walk.window)
        arrays[f"{part}/corners"] = corners
    attributes = {
        "described": f"windows of {walk.window} x {walk.window} panning over {woven.described}",
        **asdict(walk),
        "tapestry_sha256": woven.content_sha256,
        "licence": woven.licence,
    }
    return Content("sequence", arrays, attributes)


class Pan(Kind):
    """Windows that move over a tapestry, frame by frame."""

    script = "build_pan_sequence.py"
    layout = "sequence"
    made_of: ClassVar = {"tapestry": ("tapestry",)}
    picture = DataPicture(
        script="render_sequence_gif.py",
        suffix=".gif",
        name="animation",
        caption="The pan sequence: what the window sees, and where it is.",
        packages=("pillow",),
        n_bytes=lambda size, behind: size.n_bytes + 1.5 * behind["tapestry"].n_bytes,
        option="sequence",
        behind=("tapestry",),
        settings={"frames": "sequence_frames", "frame_ms": "sequence_ms"},
    )

    def traits(self, section: Section) -> frozenset[str]:
        """Return that frames follow one another."""
        return frozenset({SEQUENCE})

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all windows."""
        n_frames = section["frames"], section["held_out_frames"]
        return DataSize(*n_frames, section["window"], section["window"])


KIND = Pan()
