"""Figures as PDF and SVG: text stays text, pictures keep their pixels, and bytes repeat."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from topodream.pictures.figure_parts import AxesImage, Figure
from topodream.pictures.shipped_matplotlib import rc_context

# isort: split
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

# Letters in a PDF are TrueType, in an SVG they are named: both can be searched and edited. Of several
# pictures on the same axes Matplotlib would make one, and resample it.
SETTINGS: Any = {
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "topodream",
    "image.composite_image": False,
}
POINTS_PER_INCH = 72
# Of what Matplotlib turns into pixels, the shades of colour bars.
PIXELS_PER_INCH = 300


def save_pdf(figure: Figure, path: Path, note: str, scale: float) -> None:
    """Write a figure as PDF, all of it scaled; the note stands among its keywords."""
    title, subject = _caption(figure)
    about = {"Title": title, "Subject": subject, "Keywords": note, "CreationDate": None}
    width, height = figure.get_size_inches()
    with _set_up(figure), closing(_ScaledPdf(path, about, scale)) as file:
        file.newPage(width, height)
        drawing = RendererPdf(file, PIXELS_PER_INCH, height, width)
        renderer: Any = MixedModeRenderer(figure, width, height, PIXELS_PER_INCH, drawing)
        figure.draw(renderer)
        renderer.finalize()
        file.finalize()


class _ScaledPdf(PdfFile):
    """A PDF whose page is smaller than what is drawn, and so is all on it."""

    def __init__(self, path: Path, about: dict[str, Any], scale: float) -> None:
        super().__init__(path, metadata=about)
        self.scale = scale

    def newPage(self, width: float, height: float) -> None:  # noqa: N802
        super().newPage(self.scale * width, self.scale * height)
        self.width, self.height = width, height  # outside of which nothing is drawn
        self.output(self.scale, 0, 0, self.scale, 0, 0, Op.concat_matrix)


def save_svg(figure: Figure, path: Path, note: str, scale: float) -> None:
    """Write a figure as SVG, all of it scaled; the note stands among its keywords."""
    title, description = _caption(figure)
    about = {"Title": title, "Description": description, "Keywords": [note], "Date": None}
    drawn = io.StringIO()
    with _set_up(figure):
        FigureCanvasSVG(figure).print_svg(drawn, metadata=about)

    def scaled(found: re.Match[str]) -> str:
        return f'{found[1]}="{scale * float(found[2]):.6f}pt"'

    # What is drawn within keeps its own units.
    text = re.sub(r'\b(width|height)="([\d.]+)pt"', scaled, drawn.getvalue(), count=2)
    path.write_text(text, encoding="utf-8")


WRITERS: dict[str, Callable[[Figure, Path, str, float], None]] = {
    "pdf": save_pdf,
    "svg": save_svg,
}


def _caption(figure: Figure) -> tuple[str, str]:
    """Return what stands above a figure and below it, or would."""
    title, _, note = str(figure.get_label()).partition("\n")
    return title, note


@contextmanager
def _set_up(figure: Figure) -> Iterator[None]:
    figure.set_dpi(POINTS_PER_INCH)
    for image in figure.findobj(AxesImage):
        image.set_interpolation("none")
    with rc_context(SETTINGS):
        yield
