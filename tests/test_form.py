"""The form of samples: shapes, the order of inputs, the pictures that they make."""

import numpy as np
import pytest

from topodream.form import Form

ONE_OF_EACH = {
    Form(2, 3): (2, 3),
    Form(2, 3, "rgb"): (2, 3, 3),
    Form(2, 3, "grey", "on_off"): (2, 2, 3),
    Form(2, 3, "opponent", "on_off"): (2, 2, 3, 3),
}


@pytest.mark.parametrize("form", ONE_OF_EACH)
def test_a_form_is_known_by_the_shape_and_what_files_say(form):
    assert form.shape == ONE_OF_EACH[form]
    assert form.n_inputs == np.zeros(form.shape).size
    assert Form.from_attributes(form.shape, form.attributes | {"kind": "images"}) == form


def test_nothing_more_is_said_of_plain_pixels():
    assert Form(2, 3).attributes == {}
    assert Form(2, 3, "opponent", "on_off").attributes == {
        "colours": "opponent",
        "channels": "on_off",
    }


def test_how_0_is_drawn_makes_no_other_form():
    dark = Form(2, 3, zero="black")
    assert dark == Form(2, 3)
    assert dark.attributes == {"zero": "black"}
    assert Form.from_attributes((2, 3), dark.attributes).is_bright
    assert not Form(2, 3).is_bright
    # Of other forms there is nothing to say.
    assert Form(2, 3, "rgb", zero="black").attributes == {"colours": "rgb"}
    assert Form(2, 3, "rgb").is_bright


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2,), ()),
        ((2, 3, 3), ()),
        ((2, 0), ()),
        ((2, 3), ("rgb",)),
        ((2, 3, 4), ("rgb",)),
        ((3, 2, 3), ("grey", "on_off")),
        ((2, 3), ("sepia",)),
        ((2, 3), ("grey", "on")),
        ((2, 3), ("grey", "raw", "red")),
    ],
)
def test_other_shapes_and_words_are_none(shape, words):
    with pytest.raises(ValueError, match=r"is no shape of|in place of one of"):
        Form.of(shape, *words)


@pytest.mark.parametrize("form", ONE_OF_EACH)
def test_pictures_are_values_in_their_order_on_minus_off(form):
    values = np.random.default_rng(0).uniform(0, 1, (5, form.n_inputs))
    expected = values.reshape(5, *form.shape)
    if form.is_signed:  # the ON half first
        expected = expected[:, 0] - expected[:, 1]
    assert np.array_equal(form.images(values), expected)
    assert np.array_equal(form.images(values[2]), expected[2])
    assert form.images(values).shape == (5, *form.image_shape)


def test_brightness_leaves_colours_out():
    values = np.array([[0.0, 0.3, 0.6, 1, 1, 1]])
    assert np.allclose(Form(1, 2, "rgb").brightness(values), [[[0.3, 1]]])
    on_off = Form(1, 2, "opponent", "on_off")
    halves = np.concatenate([values, np.zeros((1, 6))], axis=1)
    assert on_off.brightness(halves).tolist() == [[[0, 1]]]
    assert Form(2, 3).brightness(values).tolist() == values.reshape(1, 2, 3).tolist()


def test_what_people_read_names_size_colours_and_halves():
    said = [str(form) for form in ONE_OF_EACH]
    assert said[0] == "2 x 3 pixels"
    assert said[3] == "2 x 3 pixels in opponent colours, ON and OFF"
    assert len(set(said)) == 4
