"""Windows that move over a photograph, or are seen by an eye; others are in test_datasets.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_patches import ORIGIN, noise, photographs, write

from topodream.data.eye import Eye
from topodream.data.pan import Walk, mirrored_corners, pan_content, walk_corners
from topodream.data.samples import read_data
from topodream.data.tapestry import read_tapestry, tapestry_content, weave_tapestry
from topodream.files.errors import InputError
from topodream.files.storage import write_hdf5
from topodream.traits import SEQUENCE, SIGNED

GREY = Eye("centre_surround", "on_off", "grey")
PLAIN = Eye("none", "raw", "grey")
WALK = Walk(window=3, hold=4, max_acceleration=1, max_speed=2, seed=0)
N = {"train": 30, "held_out": 20}


class FixedDraws:
    """Stands in for a generator: gives the accelerations it was told to."""

    def __init__(self, *draws):
        self.draws = np.array(draws)

    def uniform(self, low, high, shape):
        assert self.draws.shape == shape
        return self.draws


def test_a_walk_turns_back_at_the_border_by_hand():
    # Room for 10 columns, from 5 on; it moves first, then speeds up by 2, up to 7. Past a border
    # position, speed and acceleration are mirrored, the last until the next is drawn, at frame 5.
    walk = Walk(window=3, hold=5, max_acceleration=2, max_speed=7, seed=0)
    corners = mirrored_corners(walk, 7, (3, 13), FixedDraws([2.0, 1.0], [0, 0]))
    # 5, 7, 11 -> 9 with -4, then -6; 3, then -7; -4 -> 4 with 7, which is the most; 11 -> 9 with -7; 2.
    assert corners[:, 1].tolist() == [5, 7, 9, 3, 4, 9, 2]
    # A window as high as the picture has nowhere to go.
    assert corners[:, 0].tolist() == [0] * 7


@given(
    seed=st.integers(0, 50), hold=st.integers(1, 30), speed=st.floats(0, 90),
    extra=st.tuples(st.integers(0, 30), st.integers(0, 30)),
)  # fmt: skip
def test_windows_stay_in_the_picture(seed, hold, speed, extra):
    walk = Walk(window=20, hold=hold, max_acceleration=50, max_speed=speed, seed=seed)
    height, width = 20 + extra[0], 20 + extra[1]
    corners = mirrored_corners(walk, 100, (height, width), np.random.default_rng(seed))
    assert corners.min() >= 0
    assert (corners.max(axis=0) <= extra).all()


def test_within_its_borders_a_walk_is_the_one_over_a_tapestry():
    walk = Walk(window=20, hold=7, max_acceleration=1, max_speed=3, seed=0)
    here, there = np.random.default_rng(3), np.random.default_rng(3)
    wide = mirrored_corners(walk, 200, (20_020, 20_020), here)
    assert (wide == walk_corners(walk, 200, 20_000, 20, there)).all()


def test_held_out_frames_are_of_the_right_fifth(tmp_path):
    picture = np.tile(np.arange(1, 41, dtype=np.uint8), (9, 1))
    content = pan_content(photographs(tmp_path / "p.h5", picture), WALK, PLAIN, N)
    assert content.arrays["train/pixels"].max() <= 32 < content.arrays["held_out/pixels"].min()
    for part in N:
        windows, corners = (content.arrays[f"{part}/{key}"] for key in ("pixels", "corners"))
        for window, (row, col) in zip(windows, corners, strict=True):
            np.testing.assert_array_equal(window, picture[row : row + 3, col : col + 3])


def test_frames_show_what_an_eye_sees(tmp_path):
    picture = noise(12, 40)
    path = photographs(tmp_path / "p.h5", picture)
    write_hdf5(tmp_path / "pan.h5", pan_content(path, WALK, GREY, N), ORIGIN)
    data = read_data(tmp_path / "pan.h5")
    assert data.form == GREY.form(3)
    assert data.traits == {SEQUENCE, SIGNED}
    seen = GREY.seen(picture)
    row, col = data.train.corners[7]
    window = seen[row : row + 3, col : col + 3]
    halves = data.train.pixels[7] / 255
    shown = (halves[0] - halves[1]).ravel()
    expected = ((window - window.mean()) / window.std()).ravel()
    unclipped = np.abs(shown) < 1
    assert unclipped.sum() > 4
    scale = expected[unclipped] @ shown[unclipped] / (expected[unclipped] ** 2).sum()
    np.testing.assert_allclose(shown[unclipped], scale * expected[unclipped], atol=0.01)


def tapestry(path, pixels, image_size):
    arrays = {f"{part}/pixels": pixels for part in N}
    return write(path, arrays, "tapestry", image_size=image_size)


def test_a_tapestry_is_seen_without_seams(tmp_path):
    pixels = weave_tapestry(noise(16, 4, 4), 4, "training")
    walk = Walk(window=4, hold=4, max_acceleration=1, max_speed=3, seed=0)
    n_frames = {"train": 300, "held_out": 2}
    content = pan_content(tapestry(tmp_path / "t.h5", pixels, 4), walk, GREY, n_frames)
    # Laid out three times along each axis, all of it is far from any border.
    around = GREY.seen(np.tile(pixels[:12, :12], (3, 3)))[12:36, 12:36]
    corners, halves = content.arrays["train/corners"], content.arrays["train/pixels"]
    assert corners.max() == 11
    for (row, col), half in zip(corners, halves, strict=True):
        window = around[row : row + 4, col : col + 4]
        signed = (window - window.mean()) / window.std() / content.attributes["full_scale"]
        shown = (half[0].astype(int) - half[1]) / 255
        np.testing.assert_allclose(shown, np.clip(signed, -1, 1), atol=0.51 / 255)


def test_tapestries_keep_colours(tmp_path):
    images = noise(8, 3, 3, 3)
    woven = weave_tapestry(images, 2, "training")
    for channel in range(3):
        np.testing.assert_array_equal(
            woven[..., channel], weave_tapestry(images[..., channel], 2, "training")
        )
    arrays = {f"{part}/pixels": images for part in N}
    path = write(tmp_path / "i.h5", arrays, colours="rgb")
    write_hdf5(tmp_path / "t.h5", tapestry_content(path, 2), ORIGIN)
    np.testing.assert_array_equal(read_tapestry(tmp_path / "t.h5").pixels["train"], woven)
    content = pan_content(tmp_path / "t.h5", WALK, Eye("none", "raw", "rgb"), N)
    assert content.arrays["train/pixels"].shape == (30, 3, 3, 3)
    opponent = Eye("centre_surround", "on_off", "opponent")
    assert pan_content(tmp_path / "t.h5", WALK, opponent, N).arrays["train/pixels"].shape == (
        30, 2, 3, 3, 3,
    )  # fmt: skip


def test_what_a_photograph_does_not_allow_is_one_line(tmp_path):
    path = photographs(tmp_path / "p.h5", noise(12, 25))
    wide = Walk(window=6, hold=4, max_acceleration=1, max_speed=2, seed=0)
    with pytest.raises(InputError, match="window = 6 is not allowed: at most 5, the photograph of"):
        pan_content(path, wide, PLAIN, N)
    with pytest.raises(
        InputError, match="colours = 'rgb' is not allowed: the pixels of .* are grey"
    ):
        pan_content(path, WALK, Eye("none", "raw", "rgb"), N)
    blank = photographs(tmp_path / "blank.h5", np.zeros((12, 25), np.uint8))
    with pytest.raises(InputError, match="the windows have no contrast"):
        pan_content(blank, WALK, GREY, N)
    two = photographs(tmp_path / "two.h5", noise(12, 25), noise(12, 25))
    with pytest.raises(InputError, match="two.h5: holds 2 photographs, windows move over one"):
        pan_content(two, WALK, PLAIN, N)
