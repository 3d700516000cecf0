"""What figures say in words of what they show: for small maps whose pictures one knows."""

import re
from dataclasses import replace

import made_results
import numpy as np
import pytest
from PIL import Image

from topodream.form import Form
from topodream.grid import Grid, Torus
from topodream.page import page
from topodream.pictures import saving, sweep_in_words
from topodream.pictures.figure_parts import Figure
from topodream.pictures.figures import (
    colour_map,
    figures_of,
    hit_map,
    label_map,
    lateral_tiles,
    learning_curve,
    orientation_map,
    prototypes,
    reconstructions,
    u_matrix,
)
from topodream.pictures.picture import Still
from topodream.pictures.sweep_figure import SweepPanel, SweepPoint
from topodream.pictures.whereabouts import where

TEN = Grid(10, 10)
ROW, COL = np.divmod(np.arange(100), 10)
RIM = (ROW == 0) | (ROW == 9) | (COL == 0) | (COL == 9)


@pytest.fixture
def material(small_experiment):
    """A function: a map of 10 x 10 units with these weights and wins; units 0 to 9 win nothing."""

    def make(wins=None, curve=(9.0, 0.2, 0.035), weights=None, **settings):
        experiment = small_experiment(grid={"rows": 10, "cols": 10}, **settings)
        found = made_results.material_of(experiment)
        trained = found.model.trained
        history = replace(
            trained.history,
            wins=np.array([np.where(ROW == 0, 0, 3) if wins is None else wins]),
            training_mse=np.array([0.5, 0.04]),
        )
        state = trained.state
        if weights is not None:
            state = replace(state, weights=weights.astype(state.weights.dtype))
        model = replace(found.model, trained=replace(trained, history=history, state=state))
        measured = {"epoch": [0, 1, 2], "held_out_mse": list(curve)}
        return replace(found, model=model, curve=measured)

    return make


# ------------------------------------------------------------------ where


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (RIM, "mostly at the border"),
        (~RIM & (ROW > 2) & (ROW < 7) & (COL > 2) & (COL < 7), "mostly in the middle"),
        (ROW < 3, "mostly in the upper half"),
        (ROW > 6, "mostly in the lower half"),
        ((COL < 4) & ~RIM, "mostly in the left half"),
        (COL > 5, "mostly in the right half"),
        ((ROW + COL) % 2 == 0, ""),
        (np.ones(100, bool), ""),
        (np.arange(100) < 4, ""),  # too few to say so
        (np.zeros(100, bool), ""),
    ],
)
def test_where_units_are(units, expected):
    assert where(units, TEN) == expected


def test_a_torus_has_no_border():
    assert where(RIM, Torus(10, 10)) == ""


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2, 3)])
def test_thin_and_tiny_grids_have_parts_too(shape):
    grid = Grid(*shape)
    assert where(np.ones(grid.n_units, bool), grid) == ""


# ------------------------------------------------------------------ figures


def test_prototypes_say_how_many_are_of_use(material):
    said = prototypes.in_words(material())
    assert said == (
        "100 prototypes, 10 % unused, mostly at the border. "
        "Neighbours correlate by 0.50, any two by 0.10."
    )
    every = prototypes.in_words(material(np.ones(100, int)))
    assert every.startswith("100 prototypes, none unused.")


def test_a_single_unit_has_no_neighbours_to_speak_of(small_experiment):
    alone = made_results.material_of(small_experiment(grid={"rows": 1, "cols": 1}, n_winners=1))
    none = {"neighbour_correlation": None, "random_correlation": None}
    assert prototypes.in_words(replace(alone, measures=none)) == "1 prototype, none unused."
    assert u_matrix.in_words(alone) == "No unit has a neighbour to be compared with."


def test_reconstructions_are_compared_with_the_mean_image(material):
    assert reconstructions.in_words(material()) == (
        "1 held-out sample and what the map makes of them: over all of them the error is 50 % of "
        "that of the mean image."
    )
    blown_up = reconstructions.in_words(material(curve=(9.0, None, None)))
    assert blown_up == "1 held-out sample and what the map makes of them."


def test_a_learning_curve_says_where_it_begins_and_ends(material):
    assert learning_curve.in_words(material()) == (
        "Over 2 epochs the training error goes from 0.5 to 0.04, the held-out error from 0.2 to 0.035; "
        "the mean image has 0.07."
    )


def test_a_hit_map_says_who_wins(material):
    wins = np.where(ROW == 0, 0, np.where(COL > 4, 9, 1))
    assert hit_map.in_words(material(wins)) == (
        "90 % of 100 units won in the last epoch, the others are mostly at the border. Half of those "
        "won at most 5 times, one 9 times; the tenth that won most are mostly in the right half."
    )
    nobody = hit_map.in_words(material(np.zeros(100, int)))
    assert nobody == "None of 100 units won in the last epoch."


def test_a_u_matrix_says_where_neighbours_differ(material):
    # Two halves, each of one pattern: neighbours differ along the line between them.
    patterns = np.random.default_rng(0).random((2, 784))
    said = u_matrix.in_words(material(weights=patterns[(ROW > 4).astype(int)]))
    assert said.startswith(
        "Distances of prototypes to their neighbours: 0.00 in the median, 0.00 to"
    )
    assert "for nine tenths of 100 units" in said


def test_a_label_map_says_which_class_has_most(material):
    said = label_map.in_words(material())
    assert " of 100 units stand for a class: most for " in said
    assert said.endswith("of neighbours agree.") or "neighbours" not in said


def test_lateral_excitation_says_how_far_it_reaches(material):
    said = lateral_tiles.lateral_excitation_in_words(
        material(lateral={"strength": 0.1, "radius": 1, "edge": "full"})
    )
    assert said == (
        "Units are excited by 8 others in the median, with weights up to 0.1, which come from 1.0 "
        "units away on average."
    )
    alone = lateral_tiles.lateral_excitation_in_words(material(lateral={"strength": 0}))
    assert alone == "Lateral excitation, fixed: no unit hears another."


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("mwta", Form(6, 5)),
        ("sparse_dream", Form(6, 5)),
        ("mwta", Form(6, 5, "opponent", "on_off")),
    ],
)
def test_every_figure_of_a_map_is_said_in_a_sentence(small_experiment, model, form):
    found = made_results.material_of(small_experiment(model=model), form=form)
    found = replace(found, curve={"epoch": [0, 1], "held_out_mse": [1.0, 0.5]})
    figures = figures_of(found.traits)
    assert len(figures) > 6
    for figure in figures:
        said = figure.say(found)
        assert said[0].isupper() or said[0].isdigit(), figure.name
        assert said.endswith("."), figure.name
        assert "nan" not in said, figure.name


def test_orientation_and_colour_maps_say_who_prefers_what(small_experiment):
    found = made_results.material_of(small_experiment(), form=Form(6, 5, "opponent", "on_off"))
    said = orientation_map.in_words(found)
    assert re.match(
        r"\d+ % of 20 units prefer an orientation, most often one near \d+ degrees", said
    )
    assert re.search(r"There are \d+ pinwheels\.$", said)
    assert colour_map.in_words(found).endswith(" of 20 units prefer colours to brightness.")


# ------------------------------------------------------------------ sweeps


def test_a_sweep_says_where_measures_are_least_and_largest():
    points = [
        SweepPoint(value, "", seed, value == 0.5, {"dead": share + seed / 100})
        for value, share in ((0.1, 0.2), (None, 0.1), (0.5, 0.9))
        for seed in (0, 1)
    ]
    said = sweep_in_words.said(points, [SweepPanel("dead", "dead units")], "strength")
    assert said == (
        "3 points over strength, means over 2 seeds; dead units from 0.105 at none to 0.205 at 0.1; "
        "training diverged at 0.5."
    )
    lone = [SweepPoint(0.1, "edge = wrap", 0, False, {"dead": None})]
    assert sweep_in_words.said(lone, [SweepPanel("dead", "dead units")], "strength") == (
        "1 point over strength, one seed; dead units: none."
    )


# ------------------------------------------------------------------ in files, on the page


def test_words_stand_in_the_png_and_from_there_on_the_page(tmp_path):
    saving.save(
        Figure(figsize=(1, 1)), tmp_path / "one.png", "a note", said="Half of <all> units: déjà vu."
    )
    with Image.open(tmp_path / "one.png") as image:
        assert image.text == {
            "Description": "a note",
            "Alternative Text": "Half of <all> units: déjà vu.",
        }
    assert page.check_picture(tmp_path / "one.png") == (100, 100, "Half of <all> units: déjà vu.")
    saving.save(Figure(figsize=(1, 1)), tmp_path / "other.png", "a note")
    assert page.check_picture(tmp_path / "other.png").said == ""


def test_an_animation_says_how_many_frames_it_has(tmp_path):
    made_results.make_gif(tmp_path / "activity.gif")
    assert page.check_picture(tmp_path / "activity.gif") == (90, 40, "An animation of 60 frames.")


def test_a_picture_without_words_has_its_caption_alone():
    assert Still("one", "One.", "a.b").say(None) == ""
