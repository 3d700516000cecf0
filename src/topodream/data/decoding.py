"""Pictures in files: found below a folder, and decoded into bytes.

PNG, JPEG and TIFF, by Pillow. What can't be had as bytes without a loss is refused: 16 bits, floats,
what is partly transparent, inks in place of light.
"""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from topodream.arrays import Bytes
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import legible, named, read_bytes, readable

if TYPE_CHECKING:  # it is imported where it is needed: Snakemake, as it plans, is to start quickly
    from PIL.Image import Image

# What Pillow logs of damaged files would be printed besides the one line that says it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

FORMATS = ("PNG", "JPEG", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
# What a picture is decoded into; of a file as it is, None.
OF_PICTURES = ("grey", "rgb")
# A few bytes can unpack to any number of pixels. Pillow itself warns of 89,478,485.
MOST_PIXELS = 80_000_000
# Pillow's modes of eight bits or one: without colours, with red, green and blue.
GREY_MODES, COLOUR_MODES = ("1", "L", "LA"), ("RGB", "RGBX", "RGBA", "RGBa", "P", "PA")
WITH_ALPHA = ("LA", "RGBA", "RGBa", "PA")
# Others, in words.
REFUSED_MODES = {"CMYK": "its colours are those of inks (CMYK)", "F": "its pixels are floats"}
BITS_PER_SAMPLE = 258  # TIFF's tag
ORIENTATION = 274  # EXIF's tag: 1 is upright, above 4 height and width change places


def find_pictures(folder: Path) -> list[Path]:
    """Return the PNG, JPEG and TIFF files below a folder, ordered by the bytes of their names.

    They are known by their suffix, in upper or lower case. Hidden files and folders are left out,
    links are followed.

    Raises
    ------
    InputError
        If there is no such folder, it can't be read, or a link leads to a folder a second time.
    """
    with readable(folder):
        is_folder, is_file = folder.is_dir(), folder.is_file()
    if not is_folder:
        raise InputError(f"no folder {folder}{', it is a file' if is_file else ''}")
    with readable(folder):
        found = [path for path in _files_below(folder) if path.suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(folder).as_posix()))


def _files_below(folder: Path) -> Iterator[Path]:
    met: dict[str, str] = {}
    for where, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(where)
        if real in met:
            raise InputError(f"{where} is {met[real]} once more, by a link")
        met[real] = where
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    with readable(Path(error.filename)):
        raise error


def read_picture(path: Path, colours: str | None = None) -> Bytes:
    """Decode a picture file.

    Parameters
    ----------
    path : Path
    colours : "grey", "rgb" or None
        As :func:`decode` has it.

    Returns
    -------
    (height, width) uint8, or with colours (height, width, 3)

    Raises
    ------
    InputError
        If it can't be read; a ContentError naming the file if it is no picture, is damaged, or
        can't be had as bytes without a loss.
    """
    return decode(read_bytes(path, MOST_PIXELS * 8), named(path), colours)


def decode(raw: bytes, name: str, colours: str | None = None) -> Bytes:
    """Decode a picture from the bytes of its file; as the camera was held, by its EXIF data.

    Parameters
    ----------
    raw : bytes
    name : str
        What errors call it.
    colours : "grey", "rgb" or None
        None: as the file has it, a palette is grey if all pixels are. "grey" of colours is
        :func:`to_grey`; "rgb" of grey has three equal values.

    Returns
    -------
    (height, width) uint8, or with colours (height, width, 3)
    """
    from PIL import ImageOps

    with _opened(io.BytesIO(raw), name) as image:
        pixels = _pixels(ImageOps.exif_transpose(image), name)
    if pixels.ndim == 3 and colours == "grey":
        return to_grey(pixels)
    if pixels.ndim == 2 and colours == "rgb":
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return pixels


def picture_shape(path: Path) -> tuple[int, int]:
    """Return the height and width of a picture by the header of its file, see :func:`read_picture`."""
    with readable(path), path.open("rb") as file, _opened(file, named(path)) as image:
        width, height = image.size
        is_on_its_side = image.getexif().get(ORIENTATION, 1) > 4
    return (width, height) if is_on_its_side else (height, width)


def to_grey(pixels: Bytes) -> Bytes:
    """Return the brightness of colours: .299 R + .587 G + .114 B, rounded, a half up.

    The weights are those of ITU-R BT.601. In whole numbers, so that no rounding depends on the machine.

    Parameters
    ----------
    pixels : (..., 3) uint8

    Returns
    -------
    (...) uint8
    """
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    grey: Bytes = ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)
    return grey


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator["Image"]:
    """Open a picture, checked by its header; turn all that Pillow raises of it into one line."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        # Its warnings are of huge pictures and of damage.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.simplefilter("error", UserWarning)
        with legible(name, "a picture"):
            try:
                with Image.open(file, formats=FORMATS) as image:
                    _check_header(image, name)
                    yield image
            except UnidentifiedImageError as error:
                what = _what_else(file)
                raise ContentError(f"{name}: {what}, needed: PNG, JPEG or TIFF") from error
            except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
                raise _too_large(name, "more pixels than Pillow reads") from error


def _what_else(file: BinaryIO) -> str:
    file.seek(0)
    return "not a picture that can be read" if file.read(1) else "empty"


def _too_large(name: str, found: str) -> InputError:
    return InputError(f"{name}: {found}, at most {MOST_PIXELS:,} pixels are read")


def _check_header(image: "Image", name: str) -> None:
    """Refuse a picture that can't be had as bytes, before it is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(name, f"{height} x {width} pixels")
    # Cameras put previews behind a JPEG's picture: what all show is the first.
    if image.format in ("PNG", "TIFF") and (frames := getattr(image, "n_frames", 1)) > 1:
        raise ContentError(f"{name}: {frames} pictures in one file, needed: one")
    if (bits := _bits(image)) > 8:
        raise ContentError(f"{name}: {bits} bits per value, needed: 8 (or fewer)")
    if image.mode not in (*GREY_MODES, *COLOUR_MODES):
        what = REFUSED_MODES.get(image.mode, f"its pixels are of Pillow's mode {image.mode}")
        raise ContentError(f"{name}: {what}, needed: grey, RGB or a palette, 8 bits")


def _bits(image: "Image") -> int:
    """Return the bits of a value. Pillow reduces 16 to 8 where there are colours, and doesn't say so."""
    if image.format == "TIFF":
        found = image.tag_v2.get(BITS_PER_SAMPLE, (1,))  # type: ignore[attr-defined]
        is_float = image.mode == "F"  # refused by its mode, with a better word
        return 8 if is_float else max(found if isinstance(found, tuple) else (found,))
    # A PNG's mode of 16 bits ends so, as it lies in the file.
    raw_modes = [str(tile[3]) for tile in getattr(image, "tile", ())]
    is_deep = image.mode.startswith("I") or any(";16" in mode for mode in raw_modes)
    return 16 if is_deep else 8


def _pixels(image: "Image", name: str) -> Bytes:
    """Return the pixels of a picture that is opaque: (height, width), or (height, width, 3)."""
    is_grey, is_palette = image.mode in GREY_MODES, image.mode in ("P", "PA")
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        least = int(np.asarray(image.getchannel("A")).min())
        if least < 255:
            raise ContentError(
                f"{name}: partly transparent (alpha down to {least}), needed: opaque"
            )
    pixels: Bytes = np.asarray(image.convert("L" if is_grey else "RGB"))
    is_grey_palette = is_palette and bool((pixels == pixels[..., :1]).all())
    return pixels[..., 0] if is_grey_palette else pixels
