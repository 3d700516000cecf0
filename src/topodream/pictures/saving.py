"""Figures as files: PNG, PDF or SVG; those for a paper fitted to its width."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from topodream.arrays import Floats
from topodream.files.storage import written_whole
from topodream.pictures.figure_parts import (
    Axis,
    Bbox,
    Figure,
    FigureCanvasAgg,
    Formatter,
    LogFormatter,
)
from topodream.pictures.pages import DPI, Page, page
from topodream.pictures.picture import IN_WORDS

# What stays free around a figure in a paper, in pixels of its layout; how often it is fitted, since
# other numbers may stand at axes of another size.
RIM, FITS = 3, 4


def save(figure: Figure, path: Path, note: str, kind: str = "png", said: str = "") -> None:
    """Write a figure; ``note`` says inside the file what made it.

    Parameters
    ----------
    figure : Figure
        It is saved for the page for which it was laid out (:mod:`topodream.pictures.pages`).
    path : Path
    note : str
        JSON.
    kind : {"png", "pdf", "svg"}
    said : str
        What is seen in it, in words: in a PNG, for the page.
    """
    if page().is_paper:
        for axes in figure.axes:
            _write_out(axes.xaxis)
            _write_out(axes.yaxis)
        if figure.get_layout_engine() is None:
            _fit_in(figure)
    if kind == "png":
        _save_png(figure, path, note, said)
    else:
        # What writes these takes long to load.
        from topodream.pictures import vector

        with written_whole(path) as temporary:
            vector.WRITERS[kind](figure, temporary, note, page().scale)


def _save_png(figure: Figure, path: Path, note: str, said: str) -> None:
    figure.set_dpi(DPI * page().finer)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    # All is opaque. Tiles of a few greys get no smaller by searching longer for repetitions.
    image = Image.fromarray(np.asarray(drawn)).convert("RGB")
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", note)
    if said:
        text.add_text(IN_WORDS, said)
    per_inch = figure.dpi / page().scale
    with written_whole(path) as temporary:
        image.save(
            temporary, format="PNG", compress_level=3, pnginfo=text, dpi=(per_inch, per_inch)
        )


# ------------------------------------------------------------------ on paper


def _write_out(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis without exponents, which would be too small."""
    for formatter, use in (
        (axis.get_major_formatter(), axis.set_major_formatter),
        (axis.get_minor_formatter(), axis.set_minor_formatter),
    ):
        if isinstance(formatter, LogFormatter):
            use(_Plain(formatter))


class _Plain(Formatter):
    """Numbers as they are, where another formatter writes one."""

    def __init__(self, other: Formatter) -> None:
        """Remember the other."""
        self.other = other

    def set_locs(self, locs: Any) -> None:
        """Tell the other which numbers there are."""
        self.other.set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the number, or nothing where the other writes nothing."""
        return f"{x:g}" if self.other(x, pos) else ""


def _fit_in(figure: Figure) -> None:
    """Fit a figure to the page until its words have settled."""
    for text in list(figure.texts):
        if not text.get_text():  # room would be left for it
            text.remove()
    _fit(figure, page(), grows=True)
    for _ in range(FITS):
        if _fit(figure, page(), grows=False) > 0.999:
            return


def _fit(figure: Figure, to: Page, *, grows: bool) -> float:
    """Make what is drawn, with all words around it, as wide as the page, and no higher than that.

    Axes become larger, where that is allowed, or smaller, all alike; words stay as large as they are.
    Returns by how much.
    """
    size = figure.bbox.size
    boxes = np.stack([axes.get_position(original=True).get_points() * size for axes in figure.axes])
    # Lower left and upper right corner: of all axes, and of all that is drawn.
    (low, high), drawn = (boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)), _extent(figure)
    before, after = low - drawn[0] + RIM, drawn[1] - high + RIM
    room = np.array([to.across(size[0]), to.highest]) - before - after
    factor = float(np.min(room / (high - low)))
    factor = factor if grows else min(factor, 1)
    spare = room[0] - factor * (high - low)[0]
    new = np.array([to.across(size[0]), factor * (high - low)[1] + (before + after)[1]])

    def moved(points: Floats) -> Floats:
        there: Floats = (before + (spare / 2, 0) + factor * (points - low)) / new
        return there

    figure.set_size_inches(*(new / DPI))
    for axes, box in zip(figure.axes, boxes, strict=True):
        axes.set_position(Bbox(moved(box)))
    for text in figure.texts:
        text.set_position(tuple(moved(np.array(text.get_position()) * size)))
    return factor


def _extent(figure: Figure) -> Floats:
    """Return the lower left and the upper right corner of all that is drawn, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    extent: Floats = figure.get_tightbbox(renderer).get_points() * np.float64(figure.dpi)
    return extent
