"""A pan sequence: what the window sees, and where it is."""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from topodream.arrays import Bytes, Floats, Integers
from topodream.data.decoding import to_grey
from topodream.data.samples import Samples, Vectors
from topodream.form import Form
from topodream.pictures import animation
from topodream.pictures.animation import MARK, PANEL, Animation, Frame
from topodream.pictures.inks import inks_for
from topodream.pictures.shades import Scale

# Windows that colours are chosen by.
SOME = 50


def animate(
    samples: Samples, n_frames: int, picture: Bytes, caption: str, frame_ms: int
) -> Animation:
    """Show windows one after another, beside the picture that they are of.

    Parameters
    ----------
    samples : Samples
        With corners; the first ``n_frames`` are shown.
    picture : (height, width) uint8, or with colours (height, width, 3)
    caption : str
    frame_ms : int
    """
    assert samples.corners is not None  # noqa: S101
    form, scale = samples.form, Scale(samples.form)
    windows = samples.lazy_vectors("float64", n_frames)
    # Made small first: photographs are large.
    whole, n = _as_windows(shrunk(picture), form), len(windows)
    inks = inks_for(scale, _some_shades(scale, windows, whole))

    def window(number: int) -> Frame:
        (frame,) = inks.drawn(inks.levels(scale.shades(windows[[number]])))
        return np.asarray(frame)

    place = inks.drawn(inks.levels(whole / 255))
    said = ", ".join(filter(None, [f"window, {form.height} x {form.width}", scale.in_words]))
    panels = [
        animation.Panel(said, n, window),
        animation.Panel(
            "its place", n, with_box(place, picture.shape[:2], samples.corners, form.height)
        ),
    ]
    return Animation(animation.side_by_side(panels, caption, None), frame_ms, inks.palette)


def _as_windows(picture: Bytes, form: Form) -> Bytes:
    """Return a picture as its windows are drawn: in colours, or in greys, 0 white or black.

    Of contrasts it is what they are of.
    """
    if form.colours != "grey":
        return picture
    grey = to_grey(picture) if picture.ndim == 3 else picture
    return 255 - grey if form.is_bright else grey


def _some_shades(scale: Scale, windows: Vectors, whole: Bytes) -> Iterator[Floats]:
    """Yield the shades of some windows, and of the picture."""
    yield scale.shades(windows[np.linspace(0, len(windows) - 1, SOME).astype(np.intp)])
    yield whole[None] / 255


def shrunk(picture: Bytes) -> Bytes:
    """Return a picture as large as a panel."""
    lengths = np.array(picture.shape[:2])
    size = np.maximum(1, PANEL * lengths // lengths.max())
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BOX))


def with_box(
    plain: Frame, lengths: tuple[int, ...], corners: Integers, window: int
) -> Callable[[int], Frame]:
    """Return a function that marks a frame's window on a picture.

    Parameters
    ----------
    plain : (height, width) indices into the palette
        The picture, small.
    lengths : (height, width) of the picture itself
    corners : (n_frames, 2) int
        Row and column of each window's upper left corner.
    window : int
        Its side.
    """

    def marked(number: int) -> Frame:
        frame = plain.copy()
        ends = np.array([corners[number], corners[number] + window]) * plain.shape // lengths
        (top, left), (bottom, right) = ends.tolist()
        frame[top : top + 2, left : right + 1] = MARK
        frame[bottom - 1 : bottom + 1, left : right + 1] = MARK
        frame[top : bottom + 1, left : left + 2] = MARK
        frame[top : bottom + 1, right - 1 : right + 1] = MARK
        return frame

    return marked
