"""What a figure is laid out for: a screen, or the width of a column, or of both, in a paper.

Figures are laid out in pixels, with Matplotlib's own sizes of text and lines. On a screen a figure is as
large as what it shows. For a paper it has as many pixels across as, scaled by ``SCALE``, are the
width that is asked for. So all that measures pixels or points becomes smaller alike, and no figure
needs to know by how much.
"""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from topodream.files.errors import InputError

# Pixels per inch of layouts.
DPI = 100
# Matplotlib's medium text has 10 points, its small one 8.3: 7.25 and 6.04 of a paper's.
SCALE = 0.725
SMALLEST, LARGEST = 6, 8
# What a figure in a paper measures, in millimetres; it is no higher than a page with room for its caption.
WIDTHS = {"single": 89.0, "double": 183.0}
HIGHEST = 220.0
FORMATS = ("png", "pdf", "svg")


@dataclass(frozen=True)
class Page:
    """What a figure is laid out for.

    Attributes
    ----------
    millimetres : float or None
        Its width; None for a screen, where it is as wide as it needs.
    """

    millimetres: float | None = None

    @property
    def is_paper(self) -> bool:
        """Whether the figure stands above a caption, so that it has no title and no note."""
        return self.millimetres is not None

    @property
    def scale(self) -> float:
        """By how much the figure is smaller than its layout."""
        return SCALE if self.is_paper else 1.0

    @property
    def finer(self) -> int:
        """Pixels, across and down, of a pixel of the layout: a paper has 414 of them per inch."""
        return 3 if self.is_paper else 1

    @property
    def smallest(self) -> float:
        """Points that text has at least."""
        return SMALLEST / SCALE if self.is_paper else 0.0

    @property
    def largest(self) -> float:
        """Points that text has at most."""
        return LARGEST / SCALE if self.is_paper else math.inf

    @property
    def highest(self) -> float:
        """Pixels down that the figure has at most."""
        return _pixels(HIGHEST) if self.is_paper else math.inf

    def enlarged(self, times: float) -> float:
        """Return how many times a picture of small pixels is enlarged: on a screen whole times."""
        return times if self.is_paper else max(1, math.floor(times))

    def across(self, needed: float) -> float:
        """Return the pixels across that the figure has, of so many that it needs."""
        return needed if self.millimetres is None else _pixels(self.millimetres)

    def filled(self, size: tuple[float, float], around: float) -> tuple[float, float]:
        """Return the height and width that a picture has; on a screen, those it asks for.

        On paper all that the page gives, with so many pixels across for what stands beside it.
        """
        if self.millimetres is None:
            return size
        height, width = size
        factor = min((self.across(width) - around) / width, 0.9 * self.highest / height)
        return factor * height, factor * width


def _pixels(millimetres: float) -> float:
    return millimetres / 25.4 * DPI / SCALE


SCREEN = Page()
_page = ContextVar("page", default=SCREEN)


def page() -> Page:
    """Return what is laid out for now."""
    return _page.get()


@contextmanager
def laid_out_for(width: str | None) -> Iterator[None]:
    """Lay figures out for a width of ``WIDTHS``; without one, for a screen."""
    token = _page.set(Page(WIDTHS[width]) if width else SCREEN)
    try:
        yield
    finally:
        _page.reset(token)


# ------------------------------------------------------------------ options of scripts


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what all scripts that draw figures have: ``--format`` and ``--width``."""
    parser.add_argument(
        "--format", choices=FORMATS,
        help="of the file; without it, what the name of --output ends in, else png",
    )  # fmt: skip
    parser.add_argument(
        "--width", choices=WIDTHS,
        help="for a paper, 89 or 183 mm, with text of 6 to 8 points and without title and note, "
        "which belong into its caption; without it, as large as it needs, for a screen",
    )  # fmt: skip


def format_of(args: argparse.Namespace) -> str:
    """Return the format of what a script draws, by its options; InputError if they disagree."""
    named: Path | None = getattr(args, "output", None)
    ending = named.suffix[1:] if named is not None else ""
    if args.format is None and ending and ending not in FORMATS:
        raise InputError(
            f"--output: {named} ends in none of .{', .'.join(FORMATS)}, and there is no --format"
        )
    if args.format is not None and ending in FORMATS and ending != args.format:
        raise InputError(f"--output: the name of {named} doesn't say --format {args.format}")
    return args.format or (ending if ending in FORMATS else FORMATS[0])
