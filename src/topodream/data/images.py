"""A person's own images, with labels or without."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from topodream.arrays import Array, Integers
from topodream.data import raw_files
from topodream.data.image_files import How, Part, described, is_folder, numbered, parts
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes, Work
from topodream.data.samples import PARTS
from topodream.files.errors import InputError
from topodream.files.storage import Content
from topodream.files.strict import Section
from topodream.form import Form
from topodream.traits import LABELS

# What raw files are called, whatever they are called where they lie.
RAW_NAMES = {"path": "images", "held_out_path": "held-out images"}
# What can be learnt, and held against it.
LEAST = {"train": 2, "held_out": 1}
# Where nothing is known of images yet: who reads them will say what is wrong.
UNKNOWN_SIZE = DataSize(60_000, 10_000, 32, 32, 3, is_known=False)
PILLOW_MIB = 30


@dataclass(frozen=True)
class Split:
    """A share of the images, which is drawn by a seed and held out."""

    share: float
    seed: int

    def n_held_out(self, n_images: int) -> int:
        """Return how many are held out; at least one."""
        return max(1, round(self.share * n_images))

    def draw(self, n_images: int) -> tuple[Integers, Integers]:
        """Return the positions of images to learn, and of those held out, both ascending.

        They are drawn from all, whatever their labels: how many is known before these are read.
        """
        order = np.random.default_rng(self.seed).permutation(n_images)
        n = self.n_held_out(n_images)
        return np.sort(order[n:]), np.sort(order[:n])


def images_content(
    path: Path, held_out_path: Path | None, split: Split | None, how: How
) -> Content:
    """Read images, and hold a part of them out.

    Raises
    ------
    InputError
        If they can't be read, or it isn't clear what is held out.
    """
    found = _parts(path, held_out_path, how)
    _check_parts(found, split, path)
    images = [one.read() for one in found.values()]
    labels, classes = numbered([one.labels for one in images if one.labels is not None])
    arrays: dict[str, Array] = {
        f"{part}/pixels": one.pixels for part, one in zip(found, images, strict=True)
    }
    arrays |= {f"{part}/labels": numbers for part, numbers in zip(found, labels, strict=False)}
    if split:
        arrays = _split(arrays, split)
    _check_images(arrays, path)
    # Pictures are what a screen shows of them.
    form = Form.of_image(arrays["train/pixels"].shape[1:], zero="black")
    n_images = sum(len(arrays[f"{part}/pixels"]) for part in PARTS)
    held_out = f", {split.share:g} of them held out by the seed {split.seed}" if split else ""
    attributes = {
        "described": f"{described(path, n_images)} of {form}{held_out}",
        "raw_sha256": json.dumps(_raw_digests(path, held_out_path)),
        "licence": "as its owner says",
        **form.attributes,
        **({"classes": json.dumps(classes)} if classes else {}),
        **({"held_out_share": split.share, "seed": split.seed} if split else {}),
    }
    return Content("images", arrays, attributes)


def _parts(path: Path, held_out_path: Path | None, how: How) -> dict[str, Part]:
    found = parts(path, how)
    if held_out_path is None:
        return found
    if "held_out" in found:
        raise InputError(f"{path}: has held-out images of its own; leave held_out_path out")
    return {"train": found["train"], "held_out": parts(held_out_path, how)["train"]}


def _check_parts(found: dict[str, Part], split: Split | None, path: Path) -> None:
    if split and "held_out" in found:
        raise InputError(f"{path}: held-out images are given; leave held_out_share out")
    if not split and "held_out" not in found:
        raise InputError(
            f"{path}: has no held-out images: held_out_path says where there are some, or "
            "held_out_share and seed how many to split off"
        )


def _split(arrays: dict[str, Array], split: Split) -> dict[str, Array]:
    """Return arrays of all images as those of both parts, with the positions that were drawn."""
    drawn = dict(zip(PARTS, split.draw(len(arrays["train/pixels"])), strict=True))
    whole = {name.removeprefix("train/"): array for name, array in arrays.items()}
    parts = {
        f"{part}/{key}": array[rows] for part, rows in drawn.items() for key, array in whole.items()
    }
    return parts | {f"{part}/indices": rows for part, rows in drawn.items()}


def _check_images(arrays: dict[str, Array], path: Path) -> None:
    pixels = {part: arrays[f"{part}/pixels"] for part in PARTS}
    forms = [Form.of_image(one.shape[1:]) for one in pixels.values()]
    if forms[0] != forms[1]:
        raise InputError(f"{path}: training images are {forms[0]}, held-out ones {forms[1]}")
    for part, least in LEAST.items():
        if (found := len(pixels[part])) < least:
            where = part.replace("_", "-").replace("train", "training")
            raise InputError(f"{path}: {found} {where} images, at least {least} are needed")


def _raw_digests(path: Path, held_out_path: Path | None) -> dict[str, str]:
    """Return the digests by which the workflow compares, see :func:`raw_files.digest_of`."""
    paths = zip(RAW_NAMES.values(), (path, held_out_path), strict=True)
    return {
        name: raw_files.text_digest(raw_files.listed(one))
        if is_folder(one)
        else raw_files.plain_digest(one)
        for name, one in paths
        if one is not None
    }


def how_of(section: Section) -> How:
    """Return how a section of the config asks for images to be read."""
    said = {key: section.get(key) for key in ("labels", "colours", "fit", "names")}
    return How(
        **{key: value for key, value in said.items() if value},
        size=_size(section.get("size")),
        shape=_size(section.get("shape")),
    )


def _size(section: Section | None) -> tuple[int, int] | None:
    return (int(section["height"]), int(section["width"])) if section else None


# ------------------------------------------------------------------ as a kind of data


class ImagesKind(Kind):
    """A person's own images."""

    script = "prepare_images.py"
    layout = "images"
    picture = SAMPLES
    # What lies there is compared, as raw files.
    not_compared = ("path", "held_out_path")
    packages = ("h5py", "pillow")

    def traits(self, section: Section) -> frozenset[str]:
        """Return whether images have labels."""
        return frozenset({LABELS} if section.get("labels", "none") != "none" else ())

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all images, by the headers of files and the first picture."""
        try:
            found = _parts_of(section)
        except InputError:
            return UNKNOWN_SIZE
        n_train, height, width, *colours = found["train"].shape
        n_held_out = found["held_out"].shape[0] if "held_out" in found else 0
        if share := section.get("held_out_share"):
            n_held_out = Split(share, 0).n_held_out(n_train)
            n_train -= n_held_out
        return DataSize(n_train, n_held_out, height, width, math.prod(colours))

    def raw_files(self, section: Section) -> dict[str, tuple[Path, str]]:
        """Return the files of images, or lists of pictures."""
        given = {name: section[key] for key, name in RAW_NAMES.items() if key in section}
        return {name: raw_files.digest_of(Path(path)) for name, path in given.items()}

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what images take as they are stored."""
        try:
            found = _parts_of(section)
        except InputError:
            return Work(PILLOW_MIB)
        return Work(PILLOW_MIB + sum(part.n_bytes_stored for part in found.values()) / 2**20)


def _parts_of(section: Section) -> dict[str, Part]:
    held_out = section.get("held_out_path")
    return _parts(Path(section["path"]), Path(held_out) if held_out else None, how_of(section))


KIND = ImagesKind()
