import numpy as np
import pytest

from topodream.data.eye import Eye
from topodream.data.patches import Cut, View, draw_patches, draw_places, patches_content
from topodream.data.photographs import Ground
from topodream.data.samples import read_data
from topodream.files.errors import InputError
from topodream.files.storage import Content, write_hdf5
from topodream.traits import OPPONENT, SIGNED

ORIGIN = {"made_by": "a test"}
PLAIN = Eye("none", "raw", "grey")
GREY = Eye("centre_surround", "on_off", "grey")
CUT = Cut(size=3, margin=0, seed=0)
N = {"train": 40, "held_out": 20}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def write(path, arrays, kind="images", **attributes):
    attributes = {"described": "noise", "licence": "none", **attributes}
    write_hdf5(path, Content(kind, arrays, attributes), ORIGIN)
    return path


def images(path, train, held_out, **attributes):
    return write(path, {"train/pixels": train, "held_out/pixels": held_out}, **attributes)


def photographs(path, *pictures, colours="grey"):
    arrays = {f"pictures/{number}": one for number, one in enumerate(pictures)}
    names = "[" + ", ".join(f'"{number}.png"' for number in range(len(pictures))) + "]"
    return write(path, arrays, "photographs", names=names, colours=colours)


# ------------------------------------------------------------------ places


def test_pictures_are_drawn_by_area_and_corners_uniformly():
    grounds = [Ground(noise(10, 30), 5, 15), Ground(noise(20, 15), 0, 15)]  # areas 100 and 300
    numbers, corners = draw_places(grounds, CUT, 20_000, np.random.default_rng(0))
    assert abs(np.mean(numbers == 1) - 0.75) < 0.015
    for number, (rows, cols) in enumerate([((0, 8), (5, 13)), ((0, 18), (0, 13))]):
        for axis, (first, end) in enumerate([rows, cols]):
            counts = np.bincount(corners[numbers == number, axis], minlength=end)[first:]
            assert len(counts) == end - first
            assert counts.min() > 0.8 * counts.mean()


def test_a_margin_is_left_out_on_all_sides():
    cut = Cut(size=3, margin=2, seed=0)
    _, corners = draw_places([Ground(noise(9, 20), 8, 20)], cut, 500, np.random.default_rng(0))
    assert {*map(tuple, corners)} == {(row, col) for row in range(2, 5) for col in range(10, 16)}


# ------------------------------------------------------------------ patches


def test_plain_patches_are_windows_of_their_pictures(tmp_path):
    train, held_out = noise(5, 8, 6, seed=1), noise(3, 8, 6, seed=2)
    content = patches_content(images(tmp_path / "i.h5", train, held_out), PLAIN, CUT, N)
    for part, pictures in (("train", train), ("held_out", held_out)):
        arrays = [content.arrays[f"{part}/{key}"] for key in ("pixels", "pictures", "corners")]
        assert len(arrays[0]) == N[part]
        for patch, number, (row, col) in zip(*arrays, strict=True):
            np.testing.assert_array_equal(patch, pictures[number, row : row + 3, col : col + 3])


def test_colours_are_kept_where_they_are_asked_for(tmp_path):
    train = noise(2, 5, 5, 3)
    path = images(tmp_path / "i.h5", train, train, colours="rgb")
    content = patches_content(path, Eye("none", "raw", "rgb"), CUT, N)
    patches, pictures, corners = (
        content.arrays[f"train/{key}"] for key in ("pixels", "pictures", "corners")
    )
    row, col = corners[0]
    np.testing.assert_array_equal(patches[0], train[pictures[0], row : row + 3, col : col + 3])
    grey = patches_content(path, PLAIN, CUT, N).arrays["train/pixels"]
    np.testing.assert_array_equal(grey[0], np.rint(patches[0] @ np.array([0.299, 0.587, 0.114])))


def test_the_right_fifth_of_a_photograph_is_held_out(tmp_path):
    columns = np.tile(np.arange(1, 18, dtype=np.uint8), (6, 1))  # 80 % of 17 are 13.6
    n_patches = {"train": 500, "held_out": 100}
    content = patches_content(photographs(tmp_path / "p.h5", columns), PLAIN, CUT, n_patches)
    assert {*np.unique(content.arrays["train/pixels"])} == {*range(1, 14)}
    assert {*np.unique(content.arrays["held_out/pixels"])} == {*range(14, 18)}


def test_patches_are_cut_from_what_is_seen_of_whole_pictures(tmp_path):
    pictures = [noise(12, 20), noise(9, 30, seed=1) // 4]
    path = photographs(tmp_path / "p.h5", *pictures)
    content = patches_content(path, GREY, CUT, N)
    scale = content.attributes["full_scale"]
    for part in N:
        halves, numbers, corners = (
            content.arrays[f"{part}/{key}"] for key in ("pixels", "pictures", "corners")
        )
        for patch, number, (row, col) in zip(halves, numbers, corners, strict=True):
            seen = GREY.seen(pictures[number])[row : row + 3, col : col + 3]
            signed = (seen - seen.mean()) / seen.std() / scale
            found = (patch[0].astype(int) - patch[1]) / 255
            np.testing.assert_allclose(found, np.clip(signed, -1, 1), atol=0.51 / 255)
    assert 0.98 < np.mean(content.arrays["train/pixels"].max(axis=1) < 255) < 1


@pytest.mark.parametrize("eye", [GREY, Eye("centre_surround", "on_off", "opponent")])
def test_contrasts_have_a_mean_of_0_and_a_size_of_1(eye):
    picture = noise(20, 30, 3)
    view = View([Ground(picture, 0, 30)], eye, eye.unit([eye.seen(picture)]))
    windows = draw_patches(view, CUT, 50, np.random.default_rng(0)).windows
    np.testing.assert_allclose(windows.mean(axis=(1, 2)), 0, atol=1e-6)
    squares = (windows**2).reshape(50, -1)
    np.testing.assert_allclose(squares.mean(axis=1), 1, rtol=1e-5)


def test_windows_without_contrast_are_drawn_again_and_say_so_if_there_are_no_others(tmp_path):
    picture = np.zeros((10, 20), np.uint8)
    picture[:, :4] = noise(10, 4)
    eye = Eye("none", "on_off", "grey")
    patches = draw_patches(
        View([Ground(picture, 0, 20)], eye, None), CUT, 300, np.random.default_rng(0)
    )
    assert patches.corners[:, 1].max() == 3
    assert patches.windows.any(axis=(1, 2)).all()
    blank = images(tmp_path / "i.h5", np.zeros((2, 5, 5), np.uint8), noise(2, 5, 5))
    with pytest.raises(InputError, match="fewer than one window in twenty has any contrast"):
        patches_content(blank, GREY, CUT, N)
    # Plain ones need none.
    assert not patches_content(blank, PLAIN, CUT, N).arrays["train/pixels"].any()


def test_a_seed_makes_the_same_patches_and_held_out_ones_are_drawn_apart(tmp_path):
    path = images(tmp_path / "i.h5", noise(3, 9, 9), noise(3, 9, 9))
    once, again, other = (
        patches_content(path, GREY, Cut(3, 0, seed), N).arrays for seed in (1, 1, 2)
    )
    for name, array in once.items():
        np.testing.assert_array_equal(array, again[name])
        assert not np.array_equal(array, other[name])
    assert once["train/corners"][:20].tolist() != once["held_out/corners"].tolist()
    more = patches_content(path, GREY, Cut(3, 0, 1), {"train": 60, "held_out": 20}).arrays
    np.testing.assert_array_equal(once["held_out/corners"], more["held_out/corners"])


def test_a_file_of_patches_is_read_with_its_form(tmp_path):
    eye = Eye("centre_surround", "on_off", "opponent")
    path = photographs(tmp_path / "p.h5", noise(9, 30, 3), colours="rgb")
    write_hdf5(tmp_path / "patches.h5", patches_content(path, eye, CUT, N), ORIGIN)
    data = read_data(tmp_path / "patches.h5")
    assert data.form == eye.form(3)
    assert data.form.n_inputs == 54
    assert data.traits == {SIGNED, OPPONENT}
    assert data.described == (
        "patches of 3 x 3 pixels in opponent colours, ON and OFF, centre-surround filter (noise)"
    )
    with pytest.raises(InputError, match="ON and OFF, needed: pictures in grey or in colour"):
        patches_content(tmp_path / "patches.h5", PLAIN, Cut(2, 0, 0), N)


@pytest.mark.parametrize(
    ("size", "margin", "eye", "said"),
    [
        (12, 0, GREY, "size = 12 is not allowed: at most 11, which margin = 0 leaves of the smallest of the train"),
        (3, 5, GREY, "size = 3 is not allowed: at most 1, which margin = 5 leaves of the smallest of"),
        (3, 99, GREY, "size = 3 is not allowed: at most 0, which margin = 99 leaves"),
        (8, 0, GREY, "size = 8 is not allowed: at most 7, .* of the smallest of the held-out pictures"),
        (3, 0, Eye("none", "raw", "rgb"), "colours = 'rgb' is not allowed: the pictures of .*p.h5 are grey"),
    ],
)  # fmt: skip
def test_what_pictures_do_not_have_is_one_line(tmp_path, size, margin, eye, said):
    path = photographs(tmp_path / "p.h5", noise(30, 35), noise(11, 60))
    with pytest.raises(InputError, match=said):
        patches_content(path, eye, Cut(size, margin, 0), N)
