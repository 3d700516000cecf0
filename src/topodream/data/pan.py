"""The pan sequence: windows moving over a tapestry or a photograph."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Bytes, Floats, Integers
from topodream.data.eye import Eye
from topodream.data.kind import DataPicture, DataSize, Kind, Sizes, Work
from topodream.data.photographs import Photographs, read_photographs
from topodream.data.samples import PARTS
from topodream.data.tapestry import Tapestry, read_tapestry
from topodream.data.windows import cut_windows, encoded, normalised
from topodream.files.errors import InputError
from topodream.files.storage import Content, read_hdf5
from topodream.files.strict import Section
from topodream.traits import SEQUENCE

# How what windows move over may be laid out.
MADE_OF = ("tapestry", "photographs")


@dataclass(frozen=True)
class Walk:
    """How windows move: see ``pan.schema.yaml`` for each number."""

    window: int
    hold: int
    max_acceleration: float
    max_speed: float
    seed: int


@dataclass(frozen=True)
class Field:
    """What a window moves over.

    Attributes
    ----------
    picture : (height, width) uint8, or with colours (height, width, 3)
    left, right : int
        The columns it keeps to: from ``left`` to before ``right``.
    period : int or None
        Of a tapestry, after how many pixels it repeats; None: windows turn back at the borders.
    """

    picture: Bytes
    left: int
    right: int
    period: int | None

    def seen(self, eye: Eye, unit: Floats | None = None) -> Array:
        """Return it as an eye sees it: (height, width), or with colours (height, width, 3)."""
        if self.period is None:
            return np.asarray(eye.seen(self.picture, unit))
        # What repeats is filtered once, as one that has no borders.
        once: Array = eye.seen(self.picture[: self.period, : self.period], unit, "wrap")
        repeated = len(self.picture) - self.period
        return np.pad(once, [(0, repeated)] * 2 + [(0, 0)] * (once.ndim - 2), "wrap")


def walk_over(walk: Walk, n_frames: int, field: Field, rng: Any) -> Integers:
    """Move a window over a field.

    Returns
    -------
    (n_frames, 2) int
        Row and column of the window's upper left corner, in the whole picture.
    """
    if field.period is not None:
        size = len(field.picture)
        return walk_corners(walk, n_frames, size, size - field.period, rng)
    extent = len(field.picture), field.right - field.left
    corners = mirrored_corners(walk, n_frames, extent, rng)
    corners[:, 1] += field.left
    return corners


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
    starts = (tapestry_size // 2, tapestry_size // 2)
    positions = _positions(walk, n_frames, starts, (None, None), rng)
    return positions.astype(np.int64) % (tapestry_size - image_size)


def mirrored_corners(walk: Walk, n_frames: int, extent: tuple[int, int], rng: Any) -> Integers:
    """Move a window over a picture, as over a tapestry but for its borders.

    There the position, speed and acceleration of an axis are mirrored.

    Parameters
    ----------
    extent : (height, width) of the picture
    rng : numpy.random.Generator
        As for :func:`walk_corners`.

    Returns
    -------
    (n_frames, 2) int
        Row and column of the window's upper left corner; all of it lies in the picture.
    """
    rooms = extent[0] - walk.window, extent[1] - walk.window
    starts = rooms[0] // 2, rooms[1] // 2
    return _positions(walk, n_frames, starts, rooms, rng).astype(np.int64)


def _positions(
    walk: Walk,
    n_frames: int,
    starts: tuple[int, int],
    rooms: tuple[int | None, int | None],
    rng: Any,
) -> Floats:
    """Return where a walk leads: (n_frames, 2), row and column.

    ``rooms`` are how far each may go from 0 until it turns back, if it does.
    """
    n_draws = -(-n_frames // walk.hold)
    drawn = rng.uniform(-walk.max_acceleration, walk.max_acceleration, (n_draws, 2))
    positions = np.empty((n_frames, 2))
    for axis, accelerations in ((1, drawn[:, 0]), (0, drawn[:, 1])):
        position, speed, acceleration = float(starts[axis]), 0.0, 0.0
        for frame in range(n_frames):
            if frame % walk.hold == 0:
                acceleration = float(accelerations[frame // walk.hold])
            position += speed
            if (room := rooms[axis]) is not None:
                position, sign = mirrored(position, room)
                speed, acceleration = sign * speed, sign * acceleration
            speed = min(max(speed + acceleration, -walk.max_speed), walk.max_speed)
            positions[frame, axis] = position
    return positions


def mirrored(position: float, room: int) -> tuple[float, int]:
    """Return where a path from 0 to ``room`` leads that is mirrored at its ends, and its sign there.

    >>> [mirrored(position, 10) for position in (4, -1, 12, 23)]
    [(4, 1), (1, -1), (8, -1), (3, 1)]
    """
    if not room:
        return 0, 1
    times, rest = divmod(position, room)
    return (room - rest, -1) if times % 2 else (rest, 1)


def read_fields(path: Path, window: int) -> tuple[dict[str, Field], Tapestry | Photographs]:
    """Return what windows of each part move over, and the data set it is of.

    Raises
    ------
    InputError
        If it is too small for a window, or several photographs.
    """
    if read_hdf5(path, MADE_OF, parts=()).kind == "tapestry":
        woven = read_tapestry(path)
        _check_window(
            window, woven.image_size, f"the side of an image of {path}, or windows would not wrap"
        )
        fields = {}
        for part, pixels in woven.pixels.items():
            size = len(pixels)
            fields[part] = Field(pixels, 0, size, size - woven.image_size)
        return fields, woven
    photographs = read_photographs(path)
    if (count := len(photographs.pictures)) > 1:
        raise InputError(f"{path}: holds {count} photographs, windows move over one")
    fields = {part: Field(*photographs.grounds(part)[0], period=None) for part in PARTS}
    least = min(min(len(one.picture), one.right - one.left) for one in fields.values())
    _check_window(
        window, least, f"the photograph of {path} and its held-out fifth have no more pixels"
    )
    return fields, photographs


def _check_window(window: int, most: int, why: str) -> None:
    if window > most:
        raise InputError(f"window = {window} is not allowed: at most {most}, {why}")


def pan_content(over: Path, walk: Walk, eye: Eye, n_frames: Mapping[str, int]) -> Content:
    """Walk over what is for training, and independently over what is held out.

    Parameters
    ----------
    over : Path
        The file of tapestries, or of a photograph.
    walk : Walk
    eye : Eye
    n_frames : mapping
        "train" and "held_out" -> how many.
    """
    fields, source = read_fields(over, walk.window)
    train = fields["train"]
    eye.check(f"the pixels of {over}", are_coloured=train.picture.ndim == 3)
    unit = eye.unit([train.seen(eye)[:, train.left : train.right]])
    windows, arrays = {}, dict[str, npt.NDArray[Any]]()
    for part, rng in zip(PARTS, np.random.default_rng(walk.seed).spawn(2), strict=True):
        corners = walk_over(walk, n_frames[part], fields[part], rng)
        windows[part] = cut_windows(fields[part].seen(eye, unit), corners, walk.window)
        if not eye.is_plain:
            windows[part] = normalised(windows[part])
        arrays[f"{part}/corners"] = corners
    inputs, scale = encoded(windows, eye)
    arrays |= {f"{part}/pixels": pixels for part, pixels in inputs.items()}
    attributes = {
        "described": f"windows of {walk.window} x {walk.window}{eye} panning over {source.described}",
        **asdict(walk),
        **eye.attributes(eye.form(walk.window, source.zero), unit, scale),
        "over_sha256": source.content_sha256,
        "licence": source.licence,
    }
    return Content("sequence", arrays, attributes)


class Pan(Kind):
    """Windows that move over a tapestry or a photograph, frame by frame."""

    script = "build_pan_sequence.py"
    layout = "sequence"
    made_of: ClassVar = {"over": MADE_OF}
    packages = ("h5py", "scipy")
    picture = DataPicture(
        script="render_sequence_gif.py",
        suffix=".gif",
        name="animation",
        caption="The pan sequence: what the window sees, and where it is.",
        packages=("pillow",),
        # A picture in colour has four bytes a pixel as it is shrunk.
        n_bytes=lambda size, behind: size.n_bytes + 2.5 * behind["over"].n_bytes,
        option="sequence",
        behind=("over",),
        settings={"frames": "sequence_frames", "frame_ms": "sequence_ms"},
    )

    def traits(self, section: Section) -> frozenset[str]:
        """Return that frames follow one another, and what the eye gives them."""
        return Eye.of(section).traits | {SEQUENCE}

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all windows."""
        n_frames, window = (section["frames"], section["held_out_frames"]), section["window"]
        return DataSize(*n_frames, window, window, Eye.of(section).n_channels)

    def check(self, section: Section) -> None:
        """Refuse what an eye can't be asked for."""
        Eye.of(section)

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what filters and contrasts take."""
        eye = Eye.of(section)
        return eye.work(behind["over"], section["frames"] * section["window"] ** 2)


KIND = Pan()
