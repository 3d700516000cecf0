"""Pictures in files: what is decoded, by hand; what is refused, in one line each."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from topodream.data import decoding
from topodream.data.decoding import decode, find_pictures, read_picture, to_grey
from topodream.files.errors import InputError

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOURS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 14


def saved(image, kind="PNG", **options):
    """The bytes of a file."""
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_of_16_bits(colour_type, n_channels):
    """A PNG that Pillow can't write: 16 bits of each channel."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", 3, 2, 16, colour_type, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(6 * n_channels)) * 2)
    ends = chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ends


def palette(colours, **options):
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 1]))
    image.putpalette([value for colour in colours for value in colour])
    return saved(image, **options)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("pixels", [GREY, COLOURS])
def test_pixels_are_those_that_were_saved(pixels, kind):
    found = decode(saved(pixels, kind), "a")
    assert found.dtype == np.uint8
    assert np.array_equal(found, pixels)


def test_grey_of_colours_and_colours_of_grey():
    """ITU-R BT.601, by hand: .299 * 255 = 76.2, .587 * 255 = 149.7, .114 * 255 = 29.1."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert decode(saved(pixels), "a", "grey").tolist() == [[76, 150, 29, 255]]
    assert to_grey(np.array([0, 0, 250], np.uint8)) == 29  # 28.5: a half goes up
    found = decode(saved(GREY), "a", "rgb")
    assert all(np.array_equal(found[..., channel], GREY) for channel in range(3))


def test_a_palette_is_grey_if_all_pixels_are():
    assert decode(palette([(7, 7, 7), (9, 9, 9)]), "a").tolist() == [[7, 9, 9]]
    found = decode(palette([(7, 7, 7), (9, 8, 9)]), "a")
    assert found.tolist() == [[[7, 7, 7], [9, 8, 9], [9, 8, 9]]]


def test_black_and_white_and_opaque_alpha():
    assert decode(saved(Image.fromarray(GREY > 90)), "a").tolist() == [[0, 0, 0], [255, 255, 255]]
    opaque = np.dstack([COLOURS, np.full((2, 3), 255, np.uint8)])
    assert np.array_equal(decode(saved(opaque), "a"), COLOURS)
    assert np.array_equal(
        decode(saved(Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (3, 2), 255)])), "a"),
        GREY,
    )
    # A colour that would be transparent, and isn't there.
    assert np.array_equal(decode(saved(GREY, transparency=1), "a"), GREY)


def test_a_picture_is_turned_as_the_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown right, it is turned clockwise by a quarter
    for kind in ("PNG", "TIFF", "JPEG"):
        path = tmp_path / kind
        path.write_bytes(saved(np.repeat(GREY, 8, 0), kind, exif=exif))
        assert read_picture(path).shape == (3, 16)
    assert np.array_equal(decode(saved(GREY, exif=exif), "a"), np.rot90(GREY, -1))


def test_a_camera_s_previews_are_left_out():
    file = io.BytesIO()
    Image.fromarray(COLOURS).save(file, "MPO", save_all=True, append_images=[Image.fromarray(GREY)])
    assert decode(file.getvalue(), "a").shape == (2, 3, 3)


def bomb():
    """A PNG of 100,000 x 100,000, by its header."""
    raw = bytearray(saved(GREY))
    raw[16:24] = struct.pack(">II", 100_000, 100_000)
    raw[29:33] = struct.pack(">I", zlib.crc32(bytes(raw[12:29])))
    return bytes(raw)


def large_text():
    """A PNG with a note that unpacks to 65 MiB."""
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "b" * (65 * 2**20), zip=True)
    return saved(GREY, pnginfo=info)


REFUSED = {
    "empty": (b"", "empty, needed: PNG, JPEG or TIFF"),
    "text": (b"no picture", "not a picture that can be read, needed: PNG, JPEG or TIFF"),
    "a GIF": (saved(GREY, "GIF"), "not a picture that can be read"),
    "cut off": (saved(np.repeat(COLOURS, 99, 0))[:-40], "damaged, or not a picture"),
    "JPEG cut off": (
        saved(np.repeat(COLOURS, 99, 0), "JPEG")[:-400],
        "damaged, or not a picture .*[Tt]runc",
    ),
    "TIFF cut off": (saved(COLOURS, "TIFF")[:-9], "damaged, or not a picture"),
    "grey of 16 bits": (saved(GREY.astype(np.uint16)), "16 bits per value, needed: 8"),
    "TIFF of 16 bits": (saved(GREY.astype(np.uint16), "TIFF"), "16 bits per value"),
    "colours of 16 bits": (png_of_16_bits(2, 3), "16 bits per value"),
    "grey and alpha of 16 bits": (png_of_16_bits(4, 2), "16 bits per value"),
    "floats": (saved(GREY.astype(np.float32), "TIFF"), "its pixels are floats, needed: grey, RGB"),
    "alpha": (saved(np.dstack([COLOURS, GREY])), r"partly transparent \(alpha down to 0\)"),
    "a transparent grey": (saved(GREY, transparency=40), "partly transparent"),
    "a transparent palette": (palette([(7, 7, 7), (9, 8, 9)], transparency=1), "partly transp"),
    "inks": (saved(Image.new("CMYK", (3, 2)), "JPEG"), r".* inks \(CMYK\), needed: grey, RGB"),
    "Lab": (saved(Image.new("LAB", (3, 2)), "TIFF"), ".* Pillow's mode LAB"),
    "pages": (
        saved(GREY, "TIFF", save_all=True, append_images=[Image.fromarray(GREY)]),
        "2 pictures in one file, needed: one",
    ),
    "animated": (
        saved(GREY, save_all=True, append_images=[Image.fromarray(GREY + 1)]),
        "2 pictures in one file, needed: one",
    ),
    "a bomb": (bomb(), "(more|100000 x 100000) pixels.*, at most 80,000,000 pixels are read"),
    "a bomb of text": (large_text, "damaged, or not a picture"),  # takes long to pack
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line_that_names_the_file(what, tmp_path):
    raw, why = REFUSED[what]
    path = tmp_path / "some.png"
    path.write_bytes(raw() if callable(raw) else raw)
    with pytest.raises(InputError, match=f"^{path}: {why}"):
        read_picture(path)


def test_pixels_are_counted_before_they_are_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_PIXELS", 5)
    with pytest.raises(InputError, match="a: 2 x 3 pixels, at most 5 pixels are read"):
        decode(saved(GREY), "a")


def test_pictures_are_found_in_the_order_of_their_names(tmp_path):
    for name in ("b/2.PNG", "b/10.png", "a.JPG", "B.tiff", "é.tif", ".hidden.png", ".git/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "notes.txt").write_text("")
    names = [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)]
    assert names == ["B.tiff", "a.JPG", "b/10.png", "b/2.PNG", "é.tif"]


def test_folders_that_cannot_be_searched(tmp_path):
    with pytest.raises(InputError, match="no folder .*none"):
        find_pictures(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no folder .*file, it is a file"):
        find_pictures(tmp_path / "file")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/again").symlink_to(tmp_path)
    with pytest.raises(InputError, match="again is .* once more, by a link"):
        find_pictures(tmp_path)
