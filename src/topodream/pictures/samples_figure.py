"""The picture of a data set: some of its samples, or the photographs that it holds."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from topodream.arrays import Array, Bytes, Floats, Indices
from topodream.data.samples import Data, Samples
from topodream.form import Form
from topodream.pictures.canvas import (
    LINE_OF_TEXT,
    LINE_OF_TITLE,
    MARGIN,
    exact_axes,
    fitted,
    name_data,
    tiled,
    widen_for_labels,
    words,
)
from topodream.pictures.figure_parts import Axes, Figure
from topodream.pictures.pages import DPI, page
from topodream.pictures.shades import Scale
from topodream.pictures.sheets import draw_key, room_for_key, sheet_of, show

# What the sheet measures at most in pixels of samples, and how many samples stand side by side and
# one below the other.
WIDEST, HIGHEST = 480, 320
MOST_COLUMNS, MOST_ROWS = 20, 12
# Classes that have a row each; more are shown in turn.
MOST_CLASSES = 20
# Pixels of a side above which a sample is shrunk.
LARGEST = 100
# Photographs that are shown, how many beside each other, and how wide and high they are at most: one
# alone, each of several; and the space between them.
MOST_PHOTOGRAPHS, BESIDE = 12, 3
ALONE, EACH, SPACE = (900, 700), (320, 280), 16


def draw(data: Data, title: str) -> Figure:
    """Draw training samples: a row for each class where there are few, else evenly spread.

    One scale holds for all. Large samples are shrunk.
    """
    train = data.train
    form = shrunk_form(data.form)
    rows, names = choose(train, room_for(form), data.classes)
    columns, scale = max(map(len, rows)), Scale(form)
    filled = [np.pad(row, (0, columns - len(row)), mode="edge") for row in rows]
    # One by one: all large ones take much memory at once.
    values = [shrunk(train.pixels[[one]], data.form) for one in np.concatenate(filled)]
    sheet = sheet_of(np.concatenate(values), scale, columns)
    for top, row in enumerate(rows):  # what fills a short row is not to be seen
        below = slice(top * (form.height + 1), (top + 1) * (form.height + 1))
        sheet[below, len(row) * (form.width + 1) + 1 :] = sheet[0, 0]
    shape = sheet.shape[:2]
    said = f"{sum(map(len, rows)):,} of {len(train.pixels):,} training samples, {data.form}"
    note = f"{data.described}.{f' {scale.in_words}.' if scale.in_words else ''}"
    figure, axes, bar = exact_axes(
        shape, tiled(shape), f"{title}: {said}", note, beside=room_for_key(scale)
    )
    show(axes, sheet, scale)
    draw_key(figure, bar, scale, "ON - OFF" if form.is_signed else "pixel value")
    _name_rows(axes, names, form.height + 1)
    axes.set_aspect("auto")  # as it is already; another width would be fitted to
    widen_for_labels(figure)
    return figure


def _name_rows(axes: Axes, names: Sequence[str], pitch: int) -> None:
    axes.set_xticks([])
    axes.set_yticks([pitch * (place + 0.5) for place in range(len(names))], names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def room_for(form: Form) -> tuple[int, int]:
    """Return how many columns and rows of samples there is room for."""
    columns, rows = WIDEST // (form.width + 1), HIGHEST // (form.height + 1)
    return max(2, min(columns, MOST_COLUMNS)), max(2, min(rows, MOST_ROWS))


def choose(
    samples: Samples, room: tuple[int, int], classes: Sequence[str] = ()
) -> tuple[list[Indices], list[str]]:
    """Choose the samples to show.

    Parameters
    ----------
    samples : Samples
    room : (columns, rows)
        How many there may be; classes have a row each.
    classes : sequence of str
        Their names, by the labels.

    Returns
    -------
    list of (n_shown,) int
        The numbers of those in each row; a class with fewer samples has a shorter one.
    list of str
        The names of rows, where each is of a class.
    """
    (columns, rows), labels = room, samples.labels
    found = np.unique(labels) if labels is not None else np.empty(0, np.uint8)
    if labels is None or len(found) > MOST_CLASSES:
        chosen = spread(np.arange(len(samples.pixels)), columns * rows)
        return np.split(chosen, range(columns, len(chosen), columns)), []
    members = [np.flatnonzero(labels == label) for label in found]
    names = [classes[label] if classes else str(label) for label in found.tolist()]
    return [spread(some, columns) for some in members], names


def spread(numbers: Indices, count: int) -> Indices:
    """Return an even choice of some numbers, or all if there are no more.

    >>> spread(np.arange(9), 3)
    array([0, 4, 8])
    """
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers)))
    return numbers[places.astype(np.intp)]


def shrunk_form(form: Form) -> Form:
    """Return the form of samples that are shrunk by a whole factor until they are small."""
    step = _step(form)
    return replace(form, height=max(1, form.height // step), width=max(1, form.width // step))


def _step(form: Form) -> int:
    return math.ceil(max(form.height, form.width) / LARGEST)


def shrunk(pixels: Bytes, form: Form) -> Floats:
    """Return samples as rows of values, shrunk by area: (n_samples, n_inputs)."""
    small, step = shrunk_form(form), _step(form)
    down, across = min(step, form.height), min(step, form.width)
    # Halves and colours are axes of their own, of length 1 where there is one.
    axes = pixels.reshape(len(pixels), -1, form.height, form.width, form.n_colours)
    whole = axes[:, :, : small.height * down, : small.width * across]
    cells = whole.reshape(*whole.shape[:2], small.height, down, small.width, across, -1)
    means: Floats = cells.mean(axis=(3, 5), dtype=np.float32) / np.float32(255)
    return means.reshape(len(pixels), -1)


# ------------------------------------------------------------------ photographs


def draw_photographs(
    pictures: Sequence[Bytes], names: Sequence[str], title: str, note: str
) -> Figure:
    """Draw photographs as they are, smaller where they are large, with their names.

    Parameters
    ----------
    pictures : sequence of (height, width) or (height, width, 3) uint8
        The first ``MOST_PHOTOGRAPHS`` of them are shown.
    names : sequence of str
        As many.
    title, note : str
    """
    count = min(len(pictures), MOST_PHOTOGRAPHS)
    columns = min(BESIDE, count)
    each = ALONE if count == 1 else EACH
    around = MARGIN["left"] + columns * SPACE
    high, wide = page().filled((each[1], columns * each[0]), around)
    room = wide / columns, high
    sizes = [size_in(room, picture) for picture in pictures[:count]]
    called = [
        fitted(f"{name}, {picture.shape[1]} x {picture.shape[0]} pixels", room[0])
        for name, picture in zip(names[:count], pictures[:count], strict=True)
    ]
    rows = [slice(first, first + columns) for first in range(0, count, columns)]
    # A row is as high as its longest name and its highest picture.
    heads = [8 + LINE_OF_TEXT * max(n_lines for _, n_lines in called[row]) for row in rows]
    highs = [max(size[1] for size in sizes[row]) for row in rows]
    width = around + wide
    more = f": {count} of {len(pictures)}" if count < len(pictures) else ""
    said = words(f"{title}{more}", note, width - MARGIN["left"])
    top: float = 20 + LINE_OF_TITLE + said.above
    height = top + sum(heads) + sum(highs) + SPACE * len(rows) + 10 + LINE_OF_TEXT + said.below
    figure = said.figure(width, height)
    figure.text(MARGIN["left"] / width, 1 - 12 / height, said.title, fontsize="large", va="top")
    for row, head, tallest in zip(rows, heads, highs, strict=True):
        for column, (picture, size) in enumerate(zip(pictures[row], sizes[row], strict=False)):
            at = MARGIN["left"] + column * (room[0] + SPACE), top + head
            _place(figure, shrunk_to(size, picture), at, size, called[row][column][0])
        top += head + tallest + SPACE
    name_data(figure, said.note)
    return figure


def _place(
    figure: Figure, picture: Bytes, at: tuple[float, float], size: tuple[float, float], name: str
) -> None:
    """Show a picture at a width and height, its upper left corner so far from the figure's."""
    (width, height), (wide, high) = figure.get_size_inches() * DPI, size
    axes = figure.add_axes(
        (at[0] / width, 1 - (at[1] + high) / height, wide / width, high / height)
    )
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    axes.set_title(name, loc="left", fontsize="small")


def size_in(room: tuple[float, float], picture: Bytes) -> tuple[float, float]:
    """Return the width and height of a picture in some room; on a screen none is enlarged."""
    height, width = picture.shape[:2]
    factor = min(room[0] / width, room[1] / height)
    if page().is_paper:
        return factor * width, factor * height
    return max(1, round(width * min(1, factor))), max(1, round(height * min(1, factor)))


def shrunk_to(size: tuple[float, float], picture: Bytes) -> Array:
    """Return a picture shrunk by area to a width and height of the page, if it is larger."""
    pixels = [max(1, round(length * page().finer)) for length in size]
    if pixels[0] >= picture.shape[1] and pixels[1] >= picture.shape[0]:
        return picture
    return np.asarray(Image.fromarray(picture).resize(pixels, Image.Resampling.BOX))
