"""The moving pictures: a window over its tapestry, a map as it forms, and its activity.

Frames are arrays of indices into one palette, put together without Matplotlib, which would take a
hundred times as long to draw them, and as long to load as all frames of a short one take. Each is
made when it is written: however many there are, two are in memory.
"""

import io
import itertools
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from topodream.arrays import Floats
from topodream.files.storage import written_whole
from topodream.pictures.lettering import wrapped

Frame = npt.NDArray[np.uint8]

# The palette: greys from white to black, then colours for activity, then one to mark with, then those
# of pictures in colour.
LEVELS = 64
BLACK = LEVELS - 1
FIRST_COLOUR = LEVELS
MARK = 2 * LEVELS
FIRST_INK = MARK + 1
TRANSPARENT = 255
# Matplotlib's colours "plasma_r", without the first tenth: no activity is white, and from there on it
# has to be dark enough to be seen on that. RGB triplets.
COLOURS = bytes.fromhex(
    "fcce25fdc827fdc229febd2afeb72dfdb130fdac33fca636fba139fa9b3df9973ff79143f58c46f48849"
    "f1834cef7e50ed7953eb7556e87059e56b5de3685fe06363dd5e66da5a6ad7566cd45270d04d73cd4a76"
    "ca457ac6417dc23c81bf3984bb3488b6308bb32c8eae2892aa2395a51f99a11b9b9c179e9613a1920fa3"
    "8d0ba58707a68104a77d03a87701a87100a86c00a86600a76001a65901a55502a44e02a248039f43039e"
    "3c049b3504982e059528059220068f16078a0d0887"
)
BORDER = 16

PANEL = 280
# A panel of units is at least a sixth as high as wide, and the other way round.
STOUT = 6
GAP = 20
HEADER, FOOTER = 34, 40
FONT_SIZE, LINE = 15, 20
# A table of 256 colours, and what a GIF says of a single image besides its data.
HEADER_BYTES, IMAGE_BYTES = 13 + 768, 10
LONGEST_MS = 655_350


@dataclass(frozen=True)
class Panel:
    """One of the pictures side by side, over all frames.

    Attributes
    ----------
    label : str
    n_frames : int
    frame : callable
        The number of a frame -> (height, width) indices into the palette; of one shape.
    """

    label: str
    n_frames: int
    frame: Callable[[int], Frame]


@dataclass(frozen=True)
class Animation:
    """Frames of palette indices, how many milliseconds each is shown, and the palette."""

    frames: Iterator[Frame]
    frame_ms: int | list[int]
    palette: bytes


@cache
def palette(inks: bytes = b"") -> bytes:
    """Return the colours of all frames as 256 RGB triplets.

    ``inks`` are those of pictures in colour, as many triplets at most as lie between the colour to
    mark with and the one that is transparent.
    """
    greys = np.linspace(255, 0, LEVELS).round()[:, None].repeat(3, axis=1)
    table = np.zeros((256, 3), np.uint8)
    table[:LEVELS] = greys
    table[FIRST_COLOUR] = 255
    table[FIRST_COLOUR + 1 : FIRST_COLOUR + LEVELS] = np.frombuffer(COLOURS, np.uint8).reshape(
        -1, 3
    )
    table[MARK] = (213, 94, 0)
    table[FIRST_INK : FIRST_INK + len(inks) // 3] = np.frombuffer(inks, np.uint8).reshape(-1, 3)
    return table.tobytes()


def grey_levels(values: Floats) -> Frame:
    """Turn values in [0, 1] into greys, 0 white; what lies outside is cut off."""
    levels: Frame = (np.clip(values, 0, 1) * BLACK).round().astype(np.uint8)
    return levels


def activity_levels(activity: Floats, largest: float) -> Frame:
    """Turn activity into colours: white below a hundredth of the largest, a colour above.

    SparseDream's units all answer, most of them by next to nothing.
    """
    shown = np.where(activity < largest / 100, 0, activity)
    steps: Frame = np.ceil(np.clip(shown / largest, 0, 1) * BLACK).astype(np.uint8)
    return FIRST_COLOUR + steps


def activity_scale(activity: Floats) -> float:
    """Return the activity that the last colour stands for, one for all frames."""
    answered = activity[activity > 0]
    return float(np.percentile(answered, 99.9)) if answered.size else 1.0


def enlarge(frame: Frame, size: int = PANEL) -> Frame:
    """Enlarge a frame by a whole factor, as far as ``size`` allows, and centre it."""
    factor = max(1, size // max(frame.shape))
    height, width = (factor * length for length in frame.shape)
    top, left = (max(0, size - length) // 2 for length in (height, width))
    large = np.zeros((max(size, height), max(size, width)), np.uint8)
    large[top : top + height, left : left + width] = frame.repeat(factor, 0).repeat(factor, 1)
    return large


def stretch(sheet: Frame) -> Frame:
    """Repeat the few rows, or columns, of a sheet that is a thread: values of units have no shape.

    >>> stretch(np.zeros((1, 40), np.uint8)).shape
    (7, 40)
    """
    by_row, by_col = (math.ceil(max(sheet.shape) / STOUT / short) for short in sheet.shape)
    return sheet.repeat(by_row, axis=0).repeat(by_col, axis=1)


def side_by_side(
    panels: Sequence[Panel],
    caption: str,
    scale: float | None,
    counters: Sequence[str] | None = None,
) -> Iterator[Frame]:
    """Put panels side by side under their labels, with a caption and a counter.

    Parameters
    ----------
    panels : sequence of Panel
        All with the same number of frames.
    caption : str
        Stands below, at the left.
    scale : float or None
        The largest activity, for a legend of its colours; None for no legend.
    counters : sequence of str or None
        What stands below at the right, frame by frame; None for the frame's number.
    """
    shapes = [enlarge(panel.frame(0)).shape for panel in panels]
    lefts = np.cumsum([GAP] + [width + GAP for _, width in shapes])
    n_frames = panels[0].n_frames
    counters = counters or [f"{number + 1} of {n_frames}" for number in range(n_frames)]
    right = lefts[-1] - GAP - max(map(_width, counters))
    header, background = _background(panels, shapes, lefts, caption, scale, right)
    middle = header + max(height for height, _ in shapes) + FOOTER // 2
    for number, counter in enumerate(counters):
        frame = background.copy()
        for panel, (height, width), left in zip(panels, shapes, lefts, strict=False):
            frame[header : header + height, left : left + width] = enlarge(panel.frame(number))
        _write(frame, (lefts[-1] - GAP, middle), counter, "rm")
        yield frame


def _background(
    panels: Sequence[Panel],
    shapes: Sequence[tuple[int, ...]],
    lefts: Any,
    caption: str,
    scale: float | None,
    right: float,
) -> tuple[int, Frame]:
    """Return what all frames have in common, and where in it the panels begin.

    A caption without room beside the legend, or beside the counter, which begins at ``right``,
    has lines of its own below.
    """
    labels = [
        wrapped(panel.label, width + GAP // 2, _width)
        for panel, (_, width) in zip(panels, shapes, strict=True)
    ]
    header = HEADER + LINE * (max(map(len, labels)) - 1)
    end = right if scale is None else int(lefts[1])
    room = int(lefts[-1]) - 2 * GAP
    beside = lefts[0] + _width(caption) + GAP // 2 <= end
    below = [] if beside else wrapped(caption, room, _width)
    tallest = max(height for height, _ in shapes)
    height = header + tallest + FOOTER + LINE * len(below)
    background = np.zeros((height, int(lefts[-1])), np.uint8)
    for lines, (height, width), left in zip(labels, shapes, lefts, strict=False):
        background[header - 1 : header + height + 1, left - 1 : left + width + 1] = BORDER
        first = header - HEADER // 2 - LINE * (len(lines) - 1)
        for number, line in enumerate(lines):
            _write(background, (left, first + LINE * number), line, "lm")
    middle = header + tallest + FOOTER // 2
    for number, line in enumerate(below):
        _write(background, (lefts[0], middle + LINE * (number + 1)), line, "lm")
    if beside:
        _write(background, (lefts[0], middle), caption, "lm")
    if scale is not None:
        _legend(background, (int(lefts[1]), middle), scale)
    return header, background


def _legend(frame: Frame, at: tuple[int, int], largest: float) -> None:
    left, middle = at
    bar = np.arange(FIRST_COLOUR, FIRST_COLOUR + LEVELS, dtype=np.uint8).repeat(2)
    frame[middle - 7 : middle + 7, left + 17 : left + 19 + len(bar)] = BORDER
    frame[middle - 6 : middle + 6, left + 18 : left + 18 + len(bar)] = bar
    _write(frame, (left, middle), "0", "lm")
    _write(frame, (left + 27 + len(bar), middle), f"{largest:.3g}", "lm")


@cache
def _font() -> Any:
    return ImageFont.load_default(FONT_SIZE)


def _write(frame: Frame, at: tuple[Any, Any], text: str, anchor: str) -> None:
    """Write black text on white; between the two lie greys, so edges come out smooth."""
    # A little image around the words is soon copied, a whole frame isn't.
    (x, y), wide = at, math.ceil(_width(text)) + 1
    left, top = max(0, x - wide), max(0, y - LINE)
    around = frame[top : y + LINE, left : x + wide]
    image = Image.fromarray(around)
    ImageDraw.Draw(image).text((x - left, y - top), text, fill=BLACK, font=_font(), anchor=anchor)
    around[:] = np.asarray(image)


def _width(text: str) -> float:
    """Return the width of a line in pixels."""
    return float(_font().getlength(text))


def write_gif(
    path: Path,
    frames: Iterable[Frame],
    frame_ms: int | list[int],
    note: str,
    table: bytes | None = None,
    also: Callable[[Frame, int], None] | None = None,
) -> None:
    """Write frames of palette indices as a GIF that loops for ever.

    Parameters
    ----------
    path : Path
    frames : iterable of (height, width) uint8
        Taken one by one.
    frame_ms : int or list of int
        Milliseconds a frame is shown, or each of them; multiples of 10.
    note : str
        What made it, kept as the file's comment.
    table : bytes or None
        The palette, where it isn't that of pictures in greys.
    also : callable or None
        Is given each frame that the GIF has, and its milliseconds, as it is written.
    """
    durations = itertools.repeat(frame_ms) if isinstance(frame_ms, int) else frame_ms
    shown = _distinct(zip(frames, durations, strict=False))
    if also is not None:
        shown = _given_to(also, shown)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        for part in _gif_parts(shown, note, table or palette()):
            file.write(part)


def _distinct(frames: Iterable[tuple[Frame, int]]) -> Iterator[tuple[Frame, int]]:
    """Merge frames that equal the one before, whose time they add to, as far as a GIF can say it."""
    last, total = None, 0
    for frame, ms in frames:
        if last is not None and not np.array_equal(frame, last):
            yield last, min(total, LONGEST_MS)
            total = 0
        last, total = frame, total + ms
    if last is not None:
        yield last, min(total, LONGEST_MS)


def _given_to(
    also: Callable[[Frame, int], None], frames: Iterable[tuple[Frame, int]]
) -> Iterator[tuple[Frame, int]]:
    for frame, ms in frames:
        also(frame, ms)
        yield frame, ms


def _gif_parts(frames: Iterable[tuple[Frame, int]], note: str, table: bytes) -> Iterator[bytes]:
    """Return a GIF piece by piece.

    All frames have one palette. Of each there is the part that differs from the one
    before, and what doesn't is transparent in it: equal values in a row take few bytes. Pillow would
    search each frame for its colours, and keep all until it has seen the last one.
    """
    before = None
    for frame, ms in frames:
        if before is None:
            yield _gif_head(frame, note, table)
            yield _gif_image(frame, (0, 0), ms)
        else:
            changed = frame != before
            down, across = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
            part = np.s_[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
            # 255, all bits, where nothing changed: 0 - 1.
            shown = frame[part] | (changed[part].view(np.uint8) - 1)
            yield _gif_image(shown, (across[0], down[0]), ms)
        before = frame
    yield b";"


def _gif_head(frame: Frame, note: str, table: bytes) -> bytes:
    """Return how a GIF begins: its size, the palette, that it loops for ever, a comment."""
    text = note.encode()
    blocks_of_text = (text[at : at + 255] for at in range(0, len(text), 255))
    return b"".join(
        [
            struct.pack("<6sHHBBB", b"GIF89a", *frame.shape[::-1], 0xF7, 0, 0),
            table,
            b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00",
            b"!\xfe",
            *(bytes([len(block)]) + block for block in blocks_of_text),
            b"\x00",
        ]
    )


def _gif_image(pixels: Frame, corner: tuple[int, int], ms: int) -> bytes:
    """Return part of a frame as it stands in a GIF: how long it is shown, where it is, its data."""
    image = Image.fromarray(pixels)
    image.putpalette(palette())
    packed = io.BytesIO()
    image.save(packed, format="GIF", optimize=False, interlace=0)
    raw = packed.getbuffer()
    assert raw[HEADER_BYTES] == ord(",")  # noqa: S101
    # A GIF of a single image: the table of colours, then the image, then the end.
    control = struct.pack("<4sHBB", b"!\xf9\x04\x01", ms // 10, TRANSPARENT, 0)
    place = struct.pack("<cHHHHB", b",", *corner, *pixels.shape[::-1], 0)
    return control + place + raw[HEADER_BYTES + IMAGE_BYTES : -1]
