"""The tapestry: images laid out in a square that repeats at its edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from topodream.arrays import Bytes
from topodream.data.kind import BYTES_PER_PIXEL, DataPicture, DataSize, Kind, Sizes
from topodream.data.samples import PARTS, read_images
from topodream.files.errors import InputError
from topodream.files.storage import Content, check_array, complete, read_hdf5, text_of
from topodream.files.strict import Section
from topodream.form import ZEROS, Form


def weave_tapestry(images: Bytes, side: int, part: str) -> Bytes:
    """Lay images out in a square, column by column, so that a window can wrap around it.

    The last row and column of images then repeat the first: a window that starts in the
    first ``(side - 1)`` images of an axis meets no seam.

    Parameters
    ----------
    images : (n_images, size, size), or with colours (n_images, size, size, 3)
    side : int
        Images along each side of the square.
    part : str
        What the images are, for the error.

    Returns
    -------
    (side * size, side * size) uint8, or with colours (side * size, side * size, 3)
    """
    count, height, width = images.shape[:3]
    if height != width:
        raise InputError(f"a tapestry needs square images, these are {height} x {width}")
    if count < side * side:
        raise InputError(
            f"a tapestry of {side} x {side} needs {side * side} images, "
            f"the {part} images are only {count}"
        )
    columns = images[: side * side].reshape(side, side, height, width, -1)
    woven = columns.transpose(1, 2, 0, 3, 4)
    tapestry = woven.reshape(side * height, side * width, *images.shape[3:]).copy()
    tapestry[-height:, :] = tapestry[:height, :]
    tapestry[:, -width:] = tapestry[:, :width]
    return tapestry


def tapestry_content(digits: Path, side: int) -> Content:
    """Weave one tapestry of the training images and one of the held-out ones."""
    images = read_images(digits)
    parts = {"train": images.train.pixels, "held_out": images.held_out.pixels}
    arrays = {
        f"{part}/pixels": weave_tapestry(pixels, side, part.replace("_", "-"))
        for part, pixels in parts.items()
    }
    attributes = {
        "described": f"a tapestry of {side} x {side} images ({images.described})",
        "side": side,
        "image_size": images.form.height,
        **({} if images.zero == ZEROS[0] else {"zero": images.zero}),
        "digits_sha256": images.content_sha256,
        "licence": images.licence,
    }
    return Content("tapestry", arrays, attributes)


@dataclass(frozen=True)
class Tapestry:
    """Two tapestries, as read from their file.

    Attributes
    ----------
    pixels : mapping
        "train" and "held_out" -> (size, size) uint8, or with colours (size, size, 3)
    image_size : int
        The side of an image.
    form : Form
        Of a tapestry, as if it were one image.
    """

    pixels: Mapping[str, Bytes]
    image_size: int
    content_sha256: str
    described: str
    licence: str
    form: Form

    @property
    def zero(self) -> str:
        """How 0 is drawn, see :class:`topodream.form.Form`."""
        return self.form.zero


def read_tapestry(path: Path) -> Tapestry:
    """Read a file of tapestries."""
    content = read_hdf5(path, ("tapestry",))
    with complete(path):
        pixels = {part: content.arrays[f"{part}/pixels"] for part in PARTS}
        size, image_size = len(pixels["train"]), int(content.attributes["image_size"])
        shape = (size, size, *pixels["train"].shape[2:])
        for part in PARTS:
            check_array(f"{part}/pixels", pixels[part], shape, "uint8")
        form = Form.of_image(shape, str(content.attributes.get("zero", ZEROS[0])))
        if image_size < 1 or size % image_size or size < 2 * image_size:
            raise ValueError(f"images of {image_size} pixels make no tapestry of {size}")
        return Tapestry(
            pixels=pixels,
            image_size=image_size,
            content_sha256=text_of(content, "content_sha256"),
            described=text_of(content, "described"),
            licence=text_of(content, "licence"),
            form=form,
        )


class TapestryKind(Kind):
    """Two squares of images, for windows to move over; maps can't learn them."""

    script = "build_tapestry.py"
    layout = "tapestry"
    made_of: ClassVar = {"digits": ("images",)}
    picture = DataPicture(
        script="plot_tapestry.py",
        suffix=".png",
        name="tapestry",
        caption="The tapestry of training images that windows pan over.",
        packages=("matplotlib", "pillow"),
        n_bytes=lambda size, _: size.n_bytes + BYTES_PER_PIXEL * size.n_inputs,
        option="tapestry",
    )

    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return the size of both squares."""
        side, images = section["side"], behind["digits"]
        return DataSize(1, 1, side * images.height, side * images.width, images.n_channels)


KIND = TapestryKind()
