"""CIFAR-10: small coloured photographs of ten classes, from its binary files or by Keras."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from topodream.arrays import Array, Bytes
from topodream.data import from_keras, raw_files
from topodream.data.decoding import to_grey
from topodream.data.kind import SAMPLES, DataSize, Kind, Sizes, Work
from topodream.data.samples import PARTS
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import is_there, most_bytes, named, read_bytes, readable
from topodream.files.storage import Content
from topodream.files.strict import Section
from topodream.form import Form
from topodream.traits import LABELS

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SIDE = 32
N_PIXELS = 3 * SIDE * SIDE
RECORD = 1 + N_PIXELS  # bytes: the label, then the planes of red, green and blue
TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
HELD_OUT = "test_batch.bin"
SIZE = DataSize(50_000, 10_000, SIDE, SIDE, 3)


def batches(folder: Path) -> dict[str, Path]:
    """Return the binary files in a folder by their names: at least one to learn, and the test's.

    Raises
    ------
    InputError
        If one of these is missing.
    """
    with readable(folder):
        if not folder.is_dir():
            raise InputError(f"no folder {folder}: datasets.<name>.folder names where batches lie")
    found = {name: folder / name for name in (*TRAINING, HELD_OUT) if is_there(folder / name)}
    if found.keys() <= {HELD_OUT}:
        has_pickles = is_there(folder / TRAINING[0].removesuffix(".bin"))
        hint = "; those that end in .bin are the binary version" if has_pickles else ""
        raise InputError(f"no file {folder / TRAINING[0]}{hint}")
    if HELD_OUT not in found:
        raise InputError(f"no file {folder / HELD_OUT}")
    return found


def read_batch(path: Path) -> bytes:
    """Return what a binary file holds; see :func:`parse_batch`."""
    return read_bytes(path, most_bytes())


def parse_batch(raw: bytes, name: str) -> tuple[Bytes, Bytes]:
    """Return the images and labels of a binary file: (n, 32, 32, 3) and (n,), uint8.

    Raises
    ------
    ContentError
        If it is something else: not whole records, or a label above 9.
    """
    if not raw or len(raw) % RECORD:
        raise ContentError(
            f"{name}: {len(raw):,} bytes are not whole records of {RECORD:,}, a label and 32 x 32 x 3"
        )
    records = np.frombuffer(raw, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= len(CLASSES):
        wrong = int((labels >= len(CLASSES)).argmax())
        raise ContentError(
            f"{name}: record {wrong} has label {labels[wrong]}, at most 9 is allowed"
        )
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels.copy()


def read_binary(files: Iterable[Path]) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays of a data set from binary files, and the sha256 of each."""
    by_name = {path.name: path for path in files}
    training = [name for name in TRAINING if name in by_name]
    if not training or HELD_OUT not in by_name:
        raise InputError(f"no file {HELD_OUT if training else TRAINING[0]} among the files given")
    arrays: dict[str, Array] = {}
    digests = {}
    for part, names in zip(PARTS, (training, [HELD_OUT]), strict=True):
        parsed = []
        for name in names:
            raw = read_batch(by_name[name])
            digests[name] = hashlib.sha256(raw).hexdigest()
            parsed.append(parse_batch(raw, named(by_name[name])))
        images, labels = zip(*parsed, strict=True)
        arrays[f"{part}/pixels"] = np.concatenate(images)
        arrays[f"{part}/labels"] = np.concatenate(labels)
    return arrays, digests


def read_keras() -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays of a data set as Keras loads it; there are no raw files to know it by."""
    loaded = from_keras.load("cifar10", "CIFAR-10")
    arrays: dict[str, Array] = {}
    for part, (images, labels) in zip(PARTS, (loaded[:2], loaded[2:]), strict=True):
        if images.shape[1:] != (SIDE, SIDE, 3) or images.dtype != np.uint8:
            found = f"{images.dtype.name} of shape {images.shape}"
            raise ContentError(f"source keras: holds {found}, needed: uint8, images x 32 x 32 x 3")
        flat = labels.reshape(-1)  # Keras has a column of them
        if len(flat) != len(images) or not 0 <= flat.min() <= flat.max() < len(CLASSES):
            raise ContentError(f"source keras: needed: {len(images)} labels from 0 to 9")
        arrays |= {f"{part}/pixels": images, f"{part}/labels": flat.astype(np.uint8)}
    return arrays, {}


def cifar10_content(source: str, files: Sequence[Path], colours: str) -> Content:
    """Make the content of a data-set file.

    Parameters
    ----------
    source : "binary" or "keras"
    files : sequence of Path
        The binary files.
    colours : "rgb" or "grey"
        Grey is :func:`topodream.data.decoding.to_grey`.
    """
    arrays, digests = read_binary(files) if source == "binary" else read_keras()
    if colours == "grey":
        arrays |= {f"{part}/pixels": _grey(arrays[f"{part}/pixels"]) for part in PARTS}
    form = Form(SIDE, SIDE, colours, zero="black")
    attributes = {
        "described": f"CIFAR-10{', grey' if colours == 'grey' else ''}, source {source}",
        "source": source,
        "licence": "as its owner says",
        "classes": json.dumps(CLASSES),
        **form.attributes,
        **({"raw_sha256": json.dumps(digests)} if digests else {}),
    }
    return Content("images", arrays, attributes)


def _grey(images: Array) -> Bytes:
    """Return the brightness of images: (n, 32, 32); some at a time, for sums take more than bytes."""
    return np.concatenate([to_grey(images[n : n + 1000]) for n in range(0, len(images), 1000)])


# ------------------------------------------------------------------ as a kind of data


class Cifar10(Kind):
    """Coloured photographs of ten classes, 32 x 32 pixels."""

    script = "prepare_cifar10.py"
    layout = "images"
    picture = SAMPLES
    places = ("folder",)

    def traits(self, section: Section) -> frozenset[str]:
        """Return that images have labels."""
        return frozenset({LABELS})

    def lacks(self, section: Section) -> str | None:
        """Return that the images are needed: they have no licence that we know of, so none are shipped."""
        return "CIFAR-10" if section["source"] == "none" else None

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of all images, by the sizes of binary files if these are there."""
        n_images = (SIZE.n_train, SIZE.n_held_out)
        if section["source"] == "binary":
            n_images = _counts(Path(section["folder"])) or n_images
        return DataSize(*n_images, SIDE, SIDE, 3 if section["colours"] == "rgb" else 1)

    def raw_files(self, section: Section) -> dict[str, tuple[Path, str]]:
        """Return the binary files in a folder, where it is the source."""
        if section["source"] != "binary":
            return {}
        return {
            name: raw_files.digest_of(path)
            for name, path in batches(Path(section["folder"])).items()
        }

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what TensorFlow and a download take, if that is the source, and lost colours."""
        is_keras, is_grey = section["source"] == "keras", section["colours"] == "grey"
        # Three colours, as they were read and put together.
        colours = 6 * self.size(section, behind).n_bytes / 2**20 if is_grey else 0
        return Work(
            mib=colours + (from_keras.TENSORFLOW_MIB if is_keras else 0),
            seconds=from_keras.DOWNLOAD_SECONDS if is_keras else 0,
        )


def _counts(folder: Path) -> tuple[int, int] | None:
    """Return how many images binary files have, or None if they aren't there."""
    try:
        sizes = {name: path.stat().st_size for name, path in batches(folder).items()}
    except (OSError, InputError):
        return None
    n_held_out = sizes.pop(HELD_OUT) // RECORD
    return sum(sizes.values()) // RECORD, n_held_out


KIND = Cifar10()
