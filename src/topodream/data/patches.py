"""Patches: windows at random places of pictures, as an eye sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats, Integers
from topodream.blocks import blocks
from topodream.data.eye import Eye
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes, Work
from topodream.data.photographs import Ground, Photographs, read_photographs
from topodream.data.samples import PARTS, Data, read_images
from topodream.data.windows import cut_windows, encoded, normalised
from topodream.files.errors import InputError
from topodream.files.storage import Content, read_hdf5
from topodream.files.strict import Section

# How what they are cut from may be laid out.
MADE_OF = ("images", "photographs")
# A window without any contrast is drawn once more; so many are drawn for each that is needed, and
# some more, until it is said that there are none.
MOST_DRAWS, SOME_MORE = 20, 1000


@dataclass(frozen=True)
class Cut:
    """How patches are cut: see ``patches.schema.yaml`` for each number."""

    size: int
    margin: int
    seed: int


@dataclass(frozen=True)
class View:
    """Pictures as an eye sees them.

    Attributes
    ----------
    grounds : sequence of Ground
    eye : Eye
    unit : (3,) or None
        See :meth:`topodream.data.eye.Eye.unit`.
    """

    grounds: Sequence[Ground]
    eye: Eye
    unit: Floats | None

    def windows(self, numbers: Integers, corners: Integers, size: int) -> Array:
        """Cut windows: each picture is looked at once.

        Parameters
        ----------
        numbers : (n_windows,) int
            Of each window's picture.
        corners : (n_windows, 2) int
            Row and column of its upper left pixel.
        size : int

        Returns
        -------
        (n_windows, size, size), or with colours (n_windows, size, size, 3)
            uint8 where the eye is plain, else float32.
        """
        dtype = np.uint8 if self.eye.is_plain else np.float32
        cut = np.empty((len(numbers), *self.eye.form(size).image_shape), dtype)
        order = np.argsort(numbers, kind="stable")
        met, first = np.unique(numbers[order], return_index=True)
        for number, rows in zip(met, np.split(order, first[1:]), strict=True):
            seen = self.eye.seen(self.grounds[number].picture, self.unit)
            cut[rows] = cut_windows(seen, corners[rows], size)
        return cut


@dataclass(frozen=True)
class Patches:
    """Windows, and where they are from.

    Attributes
    ----------
    windows : (n_patches, size, size), or with colours (n_patches, size, size, 3)
    pictures : (n_patches,) int
        The number of each one's picture.
    corners : (n_patches, 2) int
        Row and column of its upper left pixel in the picture.
    """

    windows: Array
    pictures: Integers
    corners: Integers


def draw_places(
    grounds: Sequence[Ground], cut: Cut, count: int, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Draw where windows lie: pictures in proportion to their area, corners uniformly.

    Parameters
    ----------
    grounds : sequence of Ground
        Their area is what a margin leaves of them. None is too small for a window.

    Returns
    -------
    pictures : (count,) int
    corners : (count, 2) int
    """
    extents = np.array([_extent(ground, cut.margin) for ground in grounds])
    first = np.array([(0, ground.left) for ground in grounds]) + cut.margin
    areas = extents.prod(axis=1, dtype=np.float64)
    pictures = rng.choice(len(grounds), count, p=areas / areas.sum())
    corners = first[pictures] + rng.integers(0, extents[pictures] - cut.size + 1)
    return pictures, corners


def _extent(ground: Ground, margin: int) -> tuple[int, int]:
    """Return the height and width of what a margin leaves of it."""
    return len(ground.picture) - 2 * margin, ground.right - ground.left - 2 * margin


def draw_patches(view: View, cut: Cut, count: int, rng: np.random.Generator) -> Patches:
    """Draw places, and cut what is seen there; those without contrast are drawn once more.

    Raises
    ------
    InputError
        If fewer than one window in twenty has any, unless the eye is plain and asks for none.
    """
    pictures, corners = draw_places(view.grounds, cut, count, rng)
    windows = view.windows(pictures, corners, cut.size)
    if view.eye.is_plain:
        return Patches(windows, pictures, corners)
    most, missing = MOST_DRAWS * count + SOME_MORE, _normalise(windows, np.arange(count))
    while len(missing):
        most -= len(missing)
        if most < 0:
            raise InputError("fewer than one window in twenty has any contrast")
        pictures[missing], corners[missing] = draw_places(view.grounds, cut, len(missing), rng)
        windows[missing] = view.windows(pictures[missing], corners[missing], cut.size)
        missing = _normalise(windows, missing)
    return Patches(windows, pictures, corners)


def _normalise(windows: Array, rows: Integers) -> Integers:
    """Normalise some windows where they are; return those of them that have no contrast."""
    has_contrast = np.zeros(len(rows), bool)
    for some in blocks((len(rows), windows[0].size)):
        even = normalised(windows[rows[some]])
        windows[rows[some]] = even
        has_contrast[some] = even.reshape(len(even), -1).any(axis=1)
    return rows[~has_contrast]


def patches_content(images: Path, eye: Eye, cut: Cut, n_patches: Mapping[str, int]) -> Content:
    """Cut patches of training pictures, and independently of held-out ones.

    Parameters
    ----------
    images : Path
        The file of images or photographs.
    eye : Eye
    cut : Cut
    n_patches : mapping
        "train" and "held_out" -> how many.

    Raises
    ------
    InputError
        If the pictures are too small, have not the colours that are asked for, or no contrast.
    """
    grounds, source = read_grounds(images)
    for part in PARTS:
        _check_extents(grounds[part], cut, f"the {part.replace('_', '-')} pictures of {images}")
    eye.check(f"the pictures of {images}", are_coloured=grounds["train"][0].picture.ndim == 3)
    unit = eye.unit(eye.seen(one.picture)[:, one.left : one.right] for one in grounds["train"])
    made = {
        part: draw_patches(View(grounds[part], eye, unit), cut, n_patches[part], rng)
        for part, rng in zip(PARTS, np.random.default_rng(cut.seed).spawn(2), strict=True)
    }
    inputs, scale = encoded({part: one.windows for part, one in made.items()}, eye)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, patches in made.items():
        arrays[f"{part}/pixels"] = inputs[part]
        arrays[f"{part}/corners"] = patches.corners
        arrays[f"{part}/pictures"] = patches.pictures
    form = eye.form(cut.size, source.zero)
    attributes = {
        "described": f"patches of {form}{eye} ({source.described})",
        **asdict(cut),
        **eye.attributes(form, unit, scale),
        "images_sha256": source.content_sha256,
        "licence": source.licence,
    }
    return Content("images", arrays, attributes)


def read_grounds(path: Path) -> tuple[dict[str, list[Ground]], Data | Photographs]:
    """Return the pictures of each part that patches may be cut from, and the data set they are of.

    Raises
    ------
    InputError
        If the file holds nothing of that kind, or images of contrasts.
    """
    if read_hdf5(path, MADE_OF, parts=()).kind == "photographs":
        photographs = read_photographs(path)
        return {part: photographs.grounds(part) for part in PARTS}, photographs
    data = read_images(path)
    pixels = {"train": data.train.pixels, "held_out": data.held_out.pixels}
    width = data.form.width
    return {part: [Ground(one, 0, width) for one in pixels[part]] for part in PARTS}, data


def _check_extents(grounds: Sequence[Ground], cut: Cut, what: str) -> None:
    height, width = np.min([_extent(ground, cut.margin) for ground in grounds], axis=0)
    if min(height, width) < cut.size:
        raise InputError(
            f"size = {cut.size} is not allowed: at most {max(0, min(height, width))}, which "
            f"margin = {cut.margin} leaves of the smallest of {what}"
        )


# ------------------------------------------------------------------ as a kind of data


class PatchesKind(Kind):
    """Windows at random places of pictures."""

    script = "cut_patches.py"
    layout = "images"
    picture = SAMPLES
    made_of: ClassVar = {"images": MADE_OF}
    packages = ("h5py", "scipy")

    def traits(self, section: Section) -> frozenset[str]:
        """Return what the eye gives them."""
        return Eye.of(section).traits

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all patches."""
        counts, size = (section["count"], section["held_out"]), section["size"]
        return DataSize(*counts, size, size, Eye.of(section).n_channels)

    def check(self, section: Section) -> None:
        """Refuse what an eye can't be asked for."""
        Eye.of(section)

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what filters and contrasts take."""
        n_pixels = section["count"] * section["size"] ** 2
        return Eye.of(section).work(behind["images"], n_pixels)


KIND = PatchesKind()
