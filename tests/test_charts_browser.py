"""Charts, filters and CSV of the page, in a real browser."""

import csv
import io
import math
import re

import made_results
import pytest
from test_page_browser import (
    arrive,
    browser,
    has_no_overflow,
    pytestmark,
    shown_cards,
    visit,
)

from topodream.files.storage import write_text
from topodream.page import page

__all__ = ["browser", "pytestmark", "visit"]  # fixtures

CURVES = "#charts=curves&maps=digits-small,digits-strong&with=log,start"
SCATTER = "#charts=scatter&with="


@pytest.fixture(scope="module")
def results(tmp_path_factory, shipped_config):
    """Results with other seeds, of which one has no curve, and a sweep."""
    folder = tmp_path_factory.mktemp("charts")
    made_results.make(folder, shipped_config)
    contents = page.Contents(
        experiments=made_results.shown(),
        datasets=["digits"],
        sweeps=["strength"],
        replicates=made_results.REPLICATES,
    )
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder


def points(tab):
    """What the points of the chart say, in the order of the page."""
    return tab.locator("#chart .mark").evaluate_all("all => all.map((one) => one.ariaLabel)")


def places(tab):
    """Where they lie."""
    moved = tab.locator("#chart .mark").evaluate_all(
        "all => all.map((one) => one.getAttribute('transform'))"
    )
    return [tuple(map(float, re.findall(r"[-\d.]+", one))) for one in moved]


def legend(tab):
    shown = tab.locator("#chart-legend li").all_inner_texts()
    return [" ".join(text.split()).removesuffix(" \N{MULTIPLICATION SIGN}") for text in shown]


def saved(tab, button):
    """What a button saves, as lines of cells, and the name of the file."""
    with tab.expect_download() as download:
        tab.locator(button).click()
    text = download.value.path().read_text()
    return download.value.suggested_filename, list(csv.reader(io.StringIO(text)))


# ------------------------------------------------------------------ learning curves


def test_a_curve_is_the_mean_over_seeds_with_a_band(visit):
    tab = visit(CURVES)
    assert legend(tab) == [
        "digits-small 2 seeds, 1 more without a curve", "digits-strong 2 seeds",
    ]  # fmt: skip
    said = points(tab)
    assert len(said) == 8
    assert said[3] == "digits-small, epoch 3: held-out error 0.0217, 0.02 to 0.0235, 2 seeds"
    assert tab.locator("#chart .band").count() == 2
    assert "least to the largest" in tab.locator("#chart-about").inner_text()
    tab.locator("#charts [name=band]").select_option("interval")
    # Mean and Student's t of two seeds by hand: 0.0217284 -+ 12.7062 * 0.0034568 / 2
    assert points(tab)[3].endswith("0.0217, -0.000233 to 0.0437, 2 seeds")
    assert "95 % interval" in tab.locator("#chart-about").inner_text()
    tab.locator("#charts [name=band]").select_option("each")
    assert (tab.locator("#chart .band").count(), tab.locator("#chart .thin").count()) == (0, 4)


def test_a_map_of_one_seed_has_no_band_and_says_so(visit):
    tab = visit("#charts=curves&maps=pan-small")
    assert legend(tab) == ["pan-small one seed"]
    assert points(tab) == [  # not before learning
        "pan-small, epoch 1: held-out error 0.06, one seed",
        "pan-small, epoch 2: held-out error 0.04, one seed",
    ]
    assert tab.locator("#chart .band, #chart .thin").count() == 0
    assert "One seed each" in tab.locator("#chart-about").inner_text()


@pytest.mark.parametrize(("ticked", "scale"), [("log,start", math.log), ("start", float)])
def test_points_lie_where_the_axis_says(visit, ticked, scale):
    tab = visit(f"#charts=curves&maps=pan-small&with={ticked}")
    (x0, y0), (x1, y1), (x2, y2) = places(tab)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.02)
    errors = [scale(value) for value in made_results.CURVES["pan-small"]]
    ratio = (errors[0] - errors[1]) / (errors[1] - errors[2])
    assert (y1 - y0) / (y2 - y1) == pytest.approx(ratio, rel=0.01)
    at = dict(tab.locator("#chart text[text-anchor=end]").evaluate_all(
        "all => all.map((one) => [one.textContent, one.getAttribute('y') - 4])"))  # fmt: skip
    assert at["0.2"] == pytest.approx(y0, abs=0.02)


def test_the_mean_image_is_a_reference_where_maps_learnt_the_same(visit):
    tab = visit(CURVES)
    assert tab.locator("#chart text.reference").text_content() == "error of the mean image"
    tab.locator("#charts [name=map]").select_option("pan-small")
    assert len(legend(tab)) == 2  # to choose one adds nothing
    tab.locator("#add-map").click()
    assert len(legend(tab)) == 3
    assert tab.locator("#chart .reference").count() == 0
    assert "different data" in tab.locator("#chart-about").inner_text()


def test_maps_are_added_by_a_filter_and_removed_one_by_one(visit):
    tab = visit("#charts=curves&maps=")
    assert tab.locator("#chart").inner_text() == "Nothing to draw."
    tab.locator("#charts [name=text]").fill("model = mwta, held-out error <= 0.03")
    tab.locator("#add-all").click()
    assert [text.split()[0] for text in legend(tab)] == ["digits-small", "digits-strong"]
    tab.get_by_role("button", name="Remove digits-small").click()
    assert [text.split()[0] for text in legend(tab)] == ["digits-strong"]
    assert tab.evaluate("document.activeElement.ariaLabel") == "Remove digits-strong"


def test_the_first_look_at_curves_has_some(visit):
    tab = visit()
    tab.locator("nav a", has_text="Charts").click()
    arrive(tab, "Charts")
    assert [text.split()[0] for text in legend(tab)] == ["digits-small", "digits-strong"]


# ------------------------------------------------------------------ measures against each other


def test_all_trainings_can_be_drawn_each_with_what_it_is(visit):
    tab = visit(SCATTER)
    assert len(points(tab)) == 4
    assert "digits-small: held-out error 0.02, correlation of neighbours 0.1" in points(tab)
    assert legend(tab) == ["mwta (3)", "sparse_dream (1)"]
    tab.locator("#charts [name=seeds]").check()
    tab.locator("#charts [name=y]").select_option("dead_in_training")
    tab.locator("#charts [name=points]").check()
    # Three maps and, of the sweep, four: others have no such measure, as neither have other seeds.
    assert len(points(tab)) == 7
    sweep = "sweep strength: lateral.strength = 0.1, seed 1: held-out error 0.021, dead units, training 10 %"
    assert sweep in points(tab)
    assert "7 of 13 trainings. 6 without one" in tab.locator("#chart-about").inner_text()
    tab.locator("#charts [name=logy]").check()
    assert "1 not above 0" in tab.locator("#chart-about").inner_text()
    assert len(points(tab)) == 6
    tab.locator("#charts [name=text]").fill("lateral.strength = 0.1, seed = 1")
    assert points(tab) == [sweep]


def test_a_point_names_itself_and_leads_to_its_map(visit):
    tab = visit(SCATTER + "logx,seeds,points")
    seed = tab.locator("#chart .mark.seed").nth(2)
    seed.hover()
    assert tab.locator(".tip").inner_text().startswith("digits-strong, seed 1: ")
    seed.click()
    arrive(tab, "digits-strong")
    tab.go_back()
    assert len(points(tab)) == 7  # as it was left
    links = set(
        tab.locator("#chart .mark").evaluate_all(
            "all => all.map((one) => one.getAttribute('href'))"
        )
    )
    assert links == {f"#{name}" for name in made_results.EXPERIMENTS}


def test_a_finger_names_a_point_before_it_follows(visit):
    tab = visit("#charts=curves&maps=pan-small", 400, has_touch=True)
    point = tab.locator("#chart .mark").first
    point.tap()
    assert tab.locator(".tip").inner_text().startswith("pan-small, epoch 1")
    assert tab.locator("#chart").is_visible()
    point.tap()
    arrive(tab, "pan-small")


def test_points_can_be_walked_through_by_keys(visit):
    tab = visit(CURVES)
    tab.locator("#chart .mark").first.focus()
    assert tab.locator("#chart [tabindex='0']").count() == 1

    def named(*keys):
        for key in keys:
            tab.keyboard.press(key)
        return tab.locator(".tip").inner_text().split(":")[0]

    assert named("ArrowRight", "ArrowRight") == "digits-small, epoch 2"
    assert named("ArrowUp") == "digits-strong, epoch 2"
    assert named("ArrowUp", "End", "ArrowRight") == "digits-strong, epoch 3"
    assert named("ArrowDown", "Home") == "digits-small, epoch 0"
    assert tab.locator("#chart [tabindex='0']").count() == 1
    tab.keyboard.press("Escape")
    assert tab.locator(".tip").is_hidden()
    tab.keyboard.press("Enter")
    arrive(tab, "digits-small")


# ------------------------------------------------------------------ axes and marks

TICKS = [
    ("linearTicks(-0.02, 0.31, 4)", [0, 0.1, 0.2, 0.3]),
    ("linearTicks(0, 12.4, 3)", [0, 5, 10]),
    ("logTicks(-1.2, 1.1, 9)", [0.1, 0.2, 0.5, 1, 2, 5, 10]),
    ("logTicks(-2, 4, 3)", [0.01, 1, 100, 10000]),
    ("[0.1, 120000, 0.00002, -300000, 0].map((one) => tickText(one, '.4f'))",
     ["0.1", "1.2 · 10⁵", "2 · 10⁻⁵", "-3 · 10⁵", "0"]),
    ("[0.125, 1].map((one) => tickText(one, '.1%'))", ["12.5 %", "100 %"]),
    ("new Set([...Array(42).keys()].map(styleOf).map((one) => one.colour + one.dash)).size", 42),
    ("new Set([...Array(66).keys()].map(styleOf).map((one) => one.colour + one.shape(5))).size", 66),
    ("stretches([1, null, 2, 3, null], (one) => one !== null)", [[1], [2, 3]]),
]  # fmt: skip


def test_ticks_are_round_and_styles_differ(visit):
    tab = visit(CURVES)
    for code, expected in TICKS:
        found = tab.evaluate(code)
        if "Ticks(" in code:
            found = [one for one in found if min(expected) <= one <= max(expected)]
        assert found == expected, code


def test_a_chart_is_drawn_anew_for_another_width(visit):
    tab = visit(CURVES)
    before = tab.locator("svg.chart").bounding_box()["width"]
    tab.set_viewport_size({"width": 400, "height": 900})
    tab.wait_for_function("document.querySelector('svg.chart').clientWidth < 400")
    assert before > 800
    assert has_no_overflow(tab)


def test_a_table_says_the_same(visit):
    tab = visit(CURVES)
    tab.locator("#chart-table summary").click()
    rows = tab.locator("#chart-table tbody tr")
    rows.first.wait_for()
    assert rows.count() == 16  # of seeds, epochs 0 to 3
    assert rows.nth(7).inner_text().split() == [
        "digits-small", "digits-small--seed-1", "1", "3", "0.02346", "0.0691",
    ]  # fmt: skip
    tab.locator("#charts [name=kind][value=scatter]").check()
    rows.nth(4).wait_for(state="detached")
    assert rows.count() == 4


# ------------------------------------------------------------------ CSV


def test_what_is_drawn_is_saved_as_csv(visit):
    tab = visit("#charts=curves&maps=digits-small")
    name, (head, *rows) = saved(tab, "#chart-csv")
    assert name == "topodream-curves.csv"
    assert head == ["experiment", "name", "seed", "epoch", "held_out_mse", "mean_image_mse"]
    assert rows[-1] == ["digits-small", "digits-small--seed-1", "1", "3", "0.0234568", "0.0691"]
    assert len(rows) == 6
    tab.evaluate("location.hash = 'charts=scatter&y=dead_in_training'")
    tab.locator("#charts [name=x]:visible").wait_for()
    name, (head, *rows) = saved(tab, "#chart-csv")
    assert name == "topodream-scatter.csv"
    assert head[-2:] == ["held_out_mse", "dead_in_training (fraction)"]
    assert ["digits-small", "map", "digits-small", "0", "mwta", "digits", "0.02", "0.25"] in rows


def test_the_table_of_the_overview_is_saved_as_it_is_sorted(visit):
    tab = visit(
        "#view=overview&as=table&sort=held_out_mse&order=down&columns=held_out_mse,dead_in_training"
    )
    name, rows = saved(tab, "#table-csv")
    assert name == "topodream-maps.csv"
    assert rows == [
        ["experiment", "held_out_mse", "mean_image_mse", "dead_in_training (fraction)"],
        ["dream-wild", "9000.5", "0.0691", ""],
        ["pan-small", "0.04", "0.0691", "0.5"],
        ["digits-strong", "0.03", "0.0691", "0"],
        ["digits-small", "0.02", "0.0691", "0.25"],
    ]


def test_csv_quotes_what_has_to_be(visit):
    tab = visit()
    text = tab.evaluate("""csvOf(["a", 'b "c"'], [[1 / 3, null], ["x, y", "two\\nlines"]])""")
    assert text == 'a,"b ""c"""\r\n0.3333333333333333,\r\n"x, y","two\nlines"\r\n'


# ------------------------------------------------------------------ filters

SMALL, STRONG, PAN, WILD = "digits-small", "digits-strong", "pan-small", "dream-wild"
FILTERS = [
    ("model = mwta", {PAN, SMALL, STRONG}, "model = mwta"),
    ("MODEL=MWTA and dead < 30 %", {SMALL, STRONG}, "dead units, training < 30 %"),
    ("dead<=0.25, digits", {SMALL, STRONG}, ""),
    ("held-out error <= 0.03", {SMALL, STRONG}, "held-out error <= 0.03"),
    ("held_out_mse < .03", {SMALL}, ""),
    ("held-out error != 0.03", {PAN, SMALL, WILD}, ""),
    ("dead units, training = 50%", {PAN}, "dead units, training = 50%"),
    ("dead_in_training = none", {WILD}, ""),
    ("lateral.strength ≥ 0.3", {STRONG}, "lateral.strength >= 0.3"),
    ("grid.rows = 4", {PAN, SMALL, STRONG}, ""),
    ("rows == 4.0, n_winners = 5, strength of", set(), ""),
    ("neighbours count more", {STRONG}, ""),
    ("black and white", set(), ""),
]
LEFT_OUT = [
    ("strength = 0.3", "“strength = 0.3” is left out: strength may be lateral.strength or excitation.strength."),
    ("radus = 3", "no setting or measure is called radus."),
    ("asymmetry > 0", "asymmetry may be excitation_asymmetry or excitation_asymmetry_start"),
    ("gini > 0", "no setting or measure is called gini; there is usage_gini or usage_gini_chance."),
    ("dead < few", "few is no number"),
    ("model < mwta", "mwta is no number"),
    ("dead = mwta", "mwta is no number"),
    ("dead <", "it lacks a value"),
    ("< 3", "what is compared?"),
]  # fmt: skip


FILTERED = """texts => texts.map(filterOf).map(({ test, understood, problems }) => [
  study.experiments.filter(test).map((one) => one.name), understood.join(", "), problems.join(" ")])"""


def test_filters_compare_settings_and_measures(visit):
    tab = visit()
    found = tab.evaluate(FILTERED, [text for text, *_ in FILTERS])
    for (text, names, said), (shown, understood, problems) in zip(FILTERS, found, strict=True):
        assert (set(shown), problems) == (names, ""), text
        assert said in understood, text
    found = tab.evaluate(FILTERED, [f"{text}, pan" for text, _ in LEFT_OUT])
    for (text, said), (shown, _, problems) in zip(LEFT_OUT, found, strict=True):
        assert shown == [PAN], text
        assert said in problems


def test_the_overview_shows_what_a_filter_leaves_and_how_it_was_understood(visit):
    tab = visit("#view=overview&text=dead < 30 %25")
    assert shown_cards(tab) == [SMALL, STRONG]
    assert tab.locator("#understood").inner_text() == "Only dead units, training < 30 %."
    tab.locator("#filter [name=text]").fill("dead < 30 %, strength > 0")
    assert shown_cards(tab) == [SMALL, STRONG]
    assert "strength may be" in tab.locator("#understood .problem").inner_text()
    tab.locator("#filter [name=text]").fill("strong")
    assert tab.locator("#understood").is_hidden()


# ------------------------------------------------------------------ the address


def test_an_address_holds_all_that_is_chosen(visit):
    tab = visit(SCATTER)
    form = tab.locator("#charts")
    for name, value in (("x", "label_purity"), ("y", "dead_held_out"), ("by", "dataset")):
        form.locator(f"[name={name}]").select_option(value)
    for name in ("logx", "points"):
        form.locator(f"[name={name}]").check()
    form.locator("[name=text]").fill("dead < 10 % & more")
    state = "() => Object.fromEntries(new FormData(document.querySelector('#charts')))"
    chosen = tab.evaluate(state)
    assert chosen["x"] == "label_purity"
    tab.reload()
    assert tab.evaluate(state) == chosen
    tab.locator("#charts [value=curves]").check()
    tab.locator("#charts [name=band]").select_option("each")
    tab.locator("#charts [name=log]").uncheck()
    tab.get_by_role("button", name="Remove").first.click()
    chosen, drawn = tab.evaluate(state), legend(tab)
    tab.reload()
    assert (tab.evaluate(state), legend(tab)) == (chosen, drawn)
    assert len(drawn) == 1


@pytest.mark.parametrize(
    "view", ["#charts=pies&x=no&by=no&band=no&with=no", "#charts=curves&maps=no,no"]
)
def test_an_address_that_names_nothing_draws_something_or_says_so(visit, view):
    tab = visit(view)
    assert tab.locator("h1:visible").inner_text() == "Charts"
    assert tab.locator("#chart").inner_text()
