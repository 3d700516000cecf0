"""The moving pictures: a window over its tapestry, a map as it forms, and its activity.

Frames are arrays of indices into one palette, put together without drawing each with
Matplotlib: a hundred times quicker.
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import imageio.v3 as iio
import numpy as np
import numpy.typing as npt
from imageio.plugins.pillow import PillowPlugin
from PIL import Image, ImageDraw, ImageFont

from topodream.grid import Floats, Grid
from topodream.lettering import wrapped
from topodream.shipped_matplotlib import colormaps
from topodream.storage import written_whole
from topodream.tiles import tile

Frame = npt.NDArray[np.uint8]

# The palette: greys from white to black, then colours for activity, then one to mark with.
LEVELS = 64
BLACK = LEVELS - 1
FIRST_COLOUR = LEVELS
MARK = 2 * LEVELS
BORDER = 16

PANEL = 280
# What the longer side of a sheet of prototypes measures at most.
LARGEST_SHEET = 900
# What the shorter side of a thin one measures, as long as its longer side isn't longer than that.
LEAST_SHEET, LONGEST_SHEET = 56, 1800
# A panel of units is at least a sixth as high as wide, and the other way round.
STOUT = 6
GAP = 20
HEADER, FOOTER = 34, 40
FONT_SIZE, LINE = 15, 20


@dataclass(frozen=True)
class Panel:
    """One of the pictures side by side, over all frames.

    ``frames`` : (n_frames, height, width) indices into the palette.
    """

    label: str
    frames: Frame


def palette() -> bytes:
    """Return the colours of all frames as 256 RGB triplets."""
    greys = np.linspace(255, 0, LEVELS).round()[:, None].repeat(3, axis=1)
    # No activity is white; from there on dark enough to be seen on it.
    steps = np.linspace(0.1, 1, LEVELS - 1)
    colours = colormaps["plasma_r"](steps)[:, :3] * 255
    table = np.zeros((256, 3), np.uint8)
    table[:LEVELS] = greys
    table[FIRST_COLOUR] = 255
    table[FIRST_COLOUR + 1 : FIRST_COLOUR + LEVELS] = colours.round()
    table[MARK] = (213, 94, 0)
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


def enlarge(frames: Frame, size: int = PANEL) -> Frame:
    """Enlarge frames by a whole factor, as far as ``size`` allows, and centre them."""
    _, height, width = frames.shape
    factor = max(1, size // max(height, width))
    large = frames.repeat(factor, axis=1).repeat(factor, axis=2)
    spare = [max(0, size - length) for length in large.shape[1:]]
    return np.pad(large, ((0, 0), *((room // 2, room - room // 2) for room in spare)))


def stretch(frames: Frame) -> Frame:
    """Repeat the few rows, or columns, of sheets that are threads: values of units have no shape.

    >>> stretch(np.zeros((1, 1, 40), np.uint8)).shape
    (1, 7, 40)
    """
    _, height, width = frames.shape
    by_row, by_col = (math.ceil(max(height, width) / STOUT / short) for short in (height, width))
    return frames.repeat(by_row, axis=1).repeat(by_col, axis=2)


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
    pictures = [enlarge(panel.frames) for panel in panels]
    lefts = np.cumsum([GAP] + [picture.shape[2] + GAP for picture in pictures])
    n_frames = len(pictures[0])
    counters = counters or [f"{number + 1} of {n_frames}" for number in range(n_frames)]
    right = lefts[-1] - GAP - max(map(_width, counters))
    header, background = _background(panels, pictures, lefts, caption, scale, right)
    middle = header + max(picture.shape[1] for picture in pictures) + FOOTER // 2
    for number, counter in enumerate(counters):
        frame = background.copy()
        for picture, left in zip(pictures, lefts, strict=False):
            _, height, width = picture.shape
            frame[header : header + height, left : left + width] = picture[number]
        _write(frame, (lefts[-1] - GAP, middle), counter, "rm")
        yield frame


def _background(
    panels: Sequence[Panel],
    pictures: Sequence[Frame],
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
        wrapped(panel.label, picture.shape[2] + GAP // 2, _width)
        for panel, picture in zip(panels, pictures, strict=True)
    ]
    header = HEADER + LINE * (max(map(len, labels)) - 1)
    end = right if scale is None else int(lefts[1])
    room = int(lefts[-1]) - 2 * GAP
    beside = lefts[0] + _width(caption) + GAP // 2 <= end
    below = [] if beside else wrapped(caption, room, _width)
    tallest = max(picture.shape[1] for picture in pictures)
    height = header + tallest + FOOTER + LINE * len(below)
    background = np.zeros((height, int(lefts[-1])), np.uint8)
    for lines, picture, left in zip(labels, pictures, lefts, strict=False):
        _, height, width = picture.shape
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


def _write(frame: Frame, at: tuple[Any, Any], text: str, anchor: str) -> None:
    """Write black text on white; between the two lie greys, so edges come out smooth."""
    image = Image.fromarray(frame)
    ImageDraw.Draw(image).text(at, text, fill=BLACK, font=_font(), anchor=anchor)
    frame[:] = np.asarray(image)


def _font() -> Any:
    return ImageFont.load_default(FONT_SIZE)


def _width(text: str) -> float:
    """Return the width of a line in pixels."""
    return float(_font().getlength(text))


def with_box(pixels: npt.NDArray[np.uint8], corners: Any, window: int) -> Frame:
    """Shrink a tapestry to a panel and mark the window on it: (n_frames, size, size)."""
    size = len(pixels)
    small = np.asarray(Image.fromarray(pixels).resize((PANEL, PANEL), Image.Resampling.BOX))
    frames = grey_levels(small / 255)[None].repeat(len(corners), axis=0)
    for frame, corner in zip(frames, corners, strict=True):
        (top, left), (bottom, right) = (
            np.array([corner, corner + window]) * PANEL // size
        ).tolist()
        frame[top : top + 2, left : right + 1] = MARK
        frame[bottom - 1 : bottom + 1, left : right + 1] = MARK
        frame[top : bottom + 1, left : left + 2] = MARK
        frame[top : bottom + 1, right - 1 : right + 1] = MARK
    return frames


def prototype_sheets(
    snapshots: Sequence[Floats], image_shape: tuple[int, int], grid: Grid, largest: float
) -> Frame:
    """Lay out all prototypes at their units' places, one sheet after another.

    A sheet is enlarged by a whole factor or, where it is too large, shrunk by area; one of few
    rows or columns gets longer than others.

    Parameters
    ----------
    snapshots : sequence of (n_units, n_inputs)
        Not negative; what isn't finite counts as the largest.
    image_shape : (height, width) of a prototype
    grid : Grid
    largest : float
        The weight that is black; larger ones are too.

    Returns
    -------
    (n_snapshots, height, width) greys
    """
    return np.stack([_prototype_sheet(one, image_shape, grid, largest) for one in snapshots])


def _prototype_sheet(
    weights: Floats, image_shape: tuple[int, int], grid: Grid, largest: float
) -> Frame:
    shares = np.nan_to_num(weights / largest, nan=1, posinf=1)
    sheet: Frame = tile(grey_levels(shares.reshape(-1, *image_shape)), grid.cols, fill=BORDER)
    enough = min(LEAST_SHEET / min(sheet.shape), LONGEST_SHEET / max(sheet.shape))
    factor = max(LARGEST_SHEET / max(sheet.shape), enough)
    if factor >= 1:
        return sheet.repeat(int(factor), axis=0).repeat(int(factor), axis=1)
    height, width = (round(length * factor) for length in sheet.shape)
    # Levels of grey are evenly spaced: the mean of levels is the level of the mean.
    return np.asarray(Image.fromarray(sheet).resize((width, height), Image.Resampling.BOX))


def write_gif(path: Path, frames: Iterator[Frame], frame_ms: int | list[int], note: str) -> None:
    """Write frames of palette indices as a GIF that loops for ever.

    Parameters
    ----------
    path : Path
    frames : iterator of (height, width) uint8
    frame_ms : int or list of int
        Milliseconds a frame is shown, or each of them; multiples of 10.
    note : str
        What made it, kept as the file's comment.
    """
    colours = palette()
    options: dict[str, Any] = {"optimize": True, "comment": note.encode()}
    # In memory first: what the disk refuses, imageio would try again as it ends.
    packed = io.BytesIO()
    with iio.imopen(packed, "w", plugin="pillow", extension=".gif") as opened:
        gif = cast(PillowPlugin, opened)
        stack = np.stack(list(frames))
        if len(stack) == 1 and isinstance(frame_ms, list):
            (frame_ms,) = frame_ms  # Pillow takes no list for a single frame
        gif.write(stack, mode="P", is_batch=True, duration=frame_ms, loop=0, **options)
        # Given as `palette=` it would be searched anew for every frame, 15 times slower.
        for image in gif.images_to_write:
            image.putpalette(colours)
    with written_whole(path) as temporary:
        temporary.write_bytes(packed.getbuffer())
