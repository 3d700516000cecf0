"""What makes a picture legible: all its words lie on it, and nothing lies on them."""

from itertools import combinations
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.legend import Legend
from matplotlib.text import Text

# Pixels by which the box of a word may leave the picture: there is no ink at its rim.
TOLERANCE = 1


def faults(figure, texts=None):
    """Return what can't be read: words cut off, on one another, or under a legend.

    Of texts that are :func:`drawn`, which is asked again without them.
    """
    words = [(text, text.get_window_extent()) for text in texts or drawn(figure)]
    right, top = figure.bbox.size
    cut = [
        f"cut off: {text.get_text()!r}"
        for text, box in words
        if min(box.x0, box.y0, right - box.x1, top - box.y1) < -TOLERANCE
    ]
    crossed = [
        f"on one another: {one.get_text()!r}, {other.get_text()!r}"
        for (one, box), (other, around) in combinations(words, 2)
        if box.overlaps(around) and (_ink(one, figure) & _ink(other, figure)).any()
    ]
    legends = [
        (legend.get_window_extent(), set(legend.findobj(Text))) for legend in figure.findobj(Legend)
    ]
    hidden = [
        f"under a legend: {text.get_text()!r}"
        for extent, own in legends
        for text, box in words
        if text not in own and box.overlaps(extent)
    ]
    return cut + crossed + hidden


def drawn(figure):
    """Return the texts that a figure draws, which leaves out labels beyond the end of an axis."""
    found = []
    draw = Text.draw

    def remember(text, *args, **more):
        if text.get_visible() and text.get_text().strip() and text not in found:
            found.append(text)
        return draw(text, *args, **more)

    with mock.patch.object(Text, "draw", remember):
        FigureCanvasAgg(figure).draw()
    return found


def _ink(text, figure):
    """Return where a text alone has ink: boxes of texts at a slant meet long before they do."""
    renderer = RendererAgg(*figure.canvas.get_width_height(), figure.dpi)
    text.draw(renderer)
    return np.asarray(renderer.buffer_rgba())[..., 3] > 0
