"""What makes a picture legible: all its words lie on it, and none on another."""

from itertools import combinations
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.legend import Legend
from matplotlib.text import Text

# Pixels by which the ink of a word may leave the picture: what smooth edges take.
TOLERANCE = 1


def words_of(figure):
    """Return the texts that a figure draws, each with its pixels: (text, mask, box)."""
    canvas = FigureCanvasAgg(figure)
    found = []
    drawn = RendererAgg.draw_text

    def remember(renderer, *args, mtext=None, **more):
        if mtext is not None and mtext not in found:
            found.append(mtext)
        return drawn(renderer, *args, mtext=mtext, **more)

    with mock.patch.object(RendererAgg, "draw_text", remember):
        canvas.draw()
    return [
        (text.get_text(), _ink(text, canvas), text.get_window_extent(canvas.get_renderer()))
        for text in found
    ]


def _ink(text, canvas):
    """Return where a text has ink, as pixels alone: (2, n) rows and columns from the top."""
    renderer = RendererAgg(*canvas.get_width_height(), canvas.figure.dpi)
    text.draw(renderer)
    return set(np.flatnonzero(np.asarray(renderer.buffer_rgba())[..., 3]).tolist())


def faults(figure):
    """Return what can't be read: words that are cut off, and pairs that lie on one another."""
    words, (right, top) = words_of(figure), figure.bbox.size
    cut = [
        f"cut off: {text!r}"
        for text, _, box in words
        if min(box.x0, box.y0, right - box.x1, top - box.y1) < -TOLERANCE
    ]
    crossed = [
        f"on one another: {one!r}, {other!r}"
        for (one, ink, box), (other, its, around) in combinations(words, 2)
        if box.overlaps(around) and ink & its
    ]
    hidden = [
        f"under a legend: {text!r}"
        for legend in figure.findobj(Legend)
        for text, _, box in words
        if text not in {own.get_text() for own in legend.findobj(Text)}
        and box.overlaps(legend.get_window_extent())
    ]
    return cut + crossed + hidden
