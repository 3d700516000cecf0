import hashlib
import io
import json
import sys

import pytest
from conftest import forged
from PIL import Image

from topodream.data import photographs
from topodream.data.decoding import picture_shape
from topodream.data.kind import DataSize
from topodream.files.errors import InputError
from topodream.files.storage import write_hdf5

ORIGIN = {"made_by": "a test"}
KIND = photographs.KIND


def png(height, width, mode="RGB", value=7):
    file = io.BytesIO()
    Image.new(mode, (width, height), value if mode == "L" else (value, 2, 3)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures/more").mkdir(parents=True)
    (tmp_path / "pictures/b.png").write_bytes(png(4, 5))
    (tmp_path / "pictures/more/a.png").write_bytes(png(7, 2, "L"))
    (tmp_path / "pictures/notes.txt").write_text("no picture")
    return tmp_path / "pictures"


def of(source, colours="rgb", **others):
    return {"kind": "photographs", "source": source, "colours": colours, **others}


def written(path, content):
    write_hdf5(path, content, ORIGIN)
    return photographs.read_photographs(path)


def test_the_raccoon_is_there_in_colour_and_its_grey_is_the_one_that_was_tried():
    files = {"raccoon.png": photographs.RACCOON}
    grey, colour = (
        photographs.photographs_content("embedded", files, colours) for colours in ("grey", "rgb")
    )
    assert colour.arrays["pictures/0"].shape == (768, 1024, 3)
    digest = hashlib.sha256(grey.arrays["pictures/0"].tobytes()).hexdigest()
    assert digest == "f84d7ced9b18cf8a43be72a2bb5f58b785b00d258c87ed217eb59ab48f2ef3b4"
    assert "public domain" in grey.attributes["licence"]
    assert grey.attributes["described"] == "the photograph raccoon.png, source embedded"
    [sha256] = json.loads(grey.attributes["raw_sha256"]).values()
    assert KIND.origin_of("raccoon.png", sha256) == photographs.FROM_PACKAGE
    assert KIND.origin_of("raccoon.png", "0") is None
    assert KIND.origin_of("cat.png", sha256) is None


def test_photographs_of_scikit_learn_and_how_to_get_them(monkeypatch):
    files = photographs.of_scikit_learn()
    content = photographs.photographs_content("scikit-learn", files, "rgb")
    assert [array.shape for array in content.arrays.values()] == [(427, 640, 3)] * 2
    assert KIND.size(of("scikit-learn"), {}).n_bytes == sum(
        array.size for array in content.arrays.values()
    )
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match="source scikit-learn needs scikit-learn: .*pip install"):
        photographs.of_scikit_learn()


def test_a_folder_of_pictures_of_any_size(folder, tmp_path):
    files = photographs.pictures_in(folder)
    found = written(tmp_path / "p.h5", photographs.photographs_content("folder", files, "rgb"))
    assert found.names == ["b.png", "more/a.png"]
    assert [one.shape for one in found.pictures] == [(4, 5, 3), (7, 2, 3)]
    assert found.pictures[1][0, 0].tolist() == [7, 7, 7]
    assert found.described == "2 photographs, source folder"
    grey = photographs.photographs_content("folder", files, "grey")
    assert [one.shape for one in grey.arrays.values()] == [(4, 5), (7, 2)]


def test_how_large_a_folder_is_beforehand(folder):
    section = of("folder", folder=str(folder))
    assert KIND.size(section, {}) == DataSize(2, 0, 7, 5, 3)
    assert KIND.size(of("folder", folder="nowhere"), {}).n_train == 1
    assert KIND.size(of("embedded", "grey"), {}) == DataSize(1, 0, 768, 1024)


def test_a_picture_on_its_side_is_as_high_as_it_is_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (5, 3)).save(tmp_path / "side.jpg", exif=exif)
    assert picture_shape(tmp_path / "side.jpg") == (5, 3)
    content = photographs.photographs_content("folder", photographs.pictures_in(tmp_path), "grey")
    assert content.arrays["pictures/0"].shape == (5, 3)


def test_the_left_four_fifths_are_for_training(folder, tmp_path):
    files = photographs.pictures_in(folder)
    found = written(tmp_path / "p.h5", photographs.photographs_content("folder", files, "grey"))
    assert [one[1:] for one in found.grounds("train")] == [(0, 4), (0, 1)]
    assert [one[1:] for one in found.grounds("held_out")] == [(4, 5), (1, 2)]


def test_a_folder_counts_by_its_pictures(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = of("folder", folder=str(folder))
    first = KIND.raw_files(section)
    (folder / "notes.txt").write_text("other notes")
    assert KIND.raw_files(section) == first
    (folder / "b.png").write_bytes(png(4, 5, value=8))
    assert KIND.raw_files(section) != first
    assert KIND.raw_files(of("embedded")) == {}
    assert KIND.shipped_files(of("embedded")) == [photographs.RACCOON]
    assert KIND.shipped_files(section) == []


def test_what_is_wrong_with_pictures_is_one_line(folder, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures in .*empty: PNG, JPEG or TIFF"):
        photographs.pictures_in(tmp_path / "empty")
    (folder / "more/cat.png").write_bytes(png(40, 50)[:60])
    with pytest.raises(InputError, match="more/cat.png: damaged, or not a picture"):
        photographs.photographs_content("folder", photographs.pictures_in(folder), "grey")
    monkeypatch.setattr(photographs, "most_bytes", lambda: 70)
    with pytest.raises(InputError, match="more/a.png: with those before, 102 bytes do not fit"):
        photographs.photographs_content("folder", photographs.pictures_in(folder), "rgb")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("names", "[]", "a picture is missing or empty"),
        ("names", '["a", "b", "c"]', "incomplete, it lacks 'pictures/2'"),
        ("names", "7", "names are no list of names"),
        ("names", "[1, 2]", "names are no list of names"),
        ("colours", "grey", r"pictures/0 of shape \(4, 5, 3\)"),
    ],
)
def test_photographs_of_a_right_digest_and_a_wrong_content(folder, tmp_path, name, value, said):
    files = photographs.pictures_in(folder)
    path = tmp_path / "p.h5"
    written(path, photographs.photographs_content("folder", files, "rgb"))
    with forged(path) as file:
        file.attrs[name] = value
    with pytest.raises(InputError, match=rf"p.h5: damaged \(.*{said}"):
        photographs.read_photographs(path)
