"""Two maps side by side, in a real browser: numbers, pictures on one scale, players with one clock."""

import json
import shutil

import made_results
import numpy as np
import pytest
from test_page_browser import arrive, browser, pytestmark, visit

from topodream.files.storage import write_text
from topodream.page import page
from topodream.pictures import laboratory
from topodream.pictures.packing import write_script
from topodream.plan.findings import t_quantile

__all__ = ["browser", "pytestmark", "visit"]  # fixtures

# Of three seeds, "digits-strong" is worse each time in its error; its neighbours are more alike in the
# mean, but not in every seed; "dream-wild" has one seed.
SEEDS = ("", "--seed-1", "--seed-2")
MEASURED = {
    "digits-small": {
        "held_out_mse": (0.02, 0.022, 0.024),
        "neighbour_correlation": (0.1, 0.2, 0.3),
        "dead_in_training": (0.25, 0.25, None),
        "total_activity": (1, 2, 3),
    },
    "digits-strong": {
        "held_out_mse": (0.03, 0.0321, 0.0339),
        "neighbour_correlation": (0.4, 0.1, 0.5),
        "dead_in_training": (0, 0, 0),
        "total_activity": (2, 3.01, 4),
    },
}
WEIGHTS = {"digits-small": 1, "digits-strong": 2, "dream-wild": 1e6}
WINS = {"digits-small": 10, "digits-strong": 1000, "dream-wild": 3}
PAIR = "#compare=digits-small,digits-strong"


@pytest.fixture(scope="module")
def results(tmp_path_factory, shipped_config):
    """Results in which seeds differ, and maps by known weights and wins."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        names = {name: [name + seed for seed in SEEDS[1:]] for name in MEASURED}
        of = {
            name + seed: {key: values[place] for key, values in measures.items()}
            for name, measures in MEASURED.items()
            for place, seed in enumerate(SEEDS)
        }
        patch.setattr(made_results, "REPLICATES", names)
        patch.setattr(made_results, "OF_REPLICATES", of)
        patch.setattr(made_results, "MEASURES", {**made_results.MEASURES, **of})
        made_results.make(folder, shipped_config)
    for name in WEIGHTS:
        change_map(folder, name)
    contents = page.Contents(
        experiments=made_results.shown(), datasets=["digits"], replicates=names
    )
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder


def change_map(folder, name):
    """Give a map weights that are all the same, but for the first unit's, which are 0; and wins."""
    path = folder / name / "map.js"
    text = path.read_text()
    content = json.loads(text[text.index("deliver(") + len("deliver(") : text.rindex(")")])
    grid, form = content["grid"], content["form"]
    n_units = grid["rows"] * grid["cols"]
    weights = np.full((n_units, form["height"] * form["width"]), float(WEIGHTS[name]))
    weights[0] = 0
    content["weights"] = laboratory.levels(weights)
    layers = {layer["name"]: layer for layer in content["layers"]}
    layers["wins"]["values"] = [0, *[WINS[name]] * (n_units - 1)]
    layers["U-matrix"]["values"] = [WEIGHTS[name]] * n_units
    write_script(path, content, made_results.ORIGIN)


@pytest.fixture
def compared(visit, results):
    """A function that opens a comparison, and waits until it is drawn."""

    def opened(view=PAIR, **options):
        tab = visit(view, folder=results, **options)
        tab.locator(".contrast").first.wait_for()
        return tab

    return opened


@pytest.fixture(scope="module")
def pair(browser, results):
    """The comparison of PAIR, for tests that leave it as it is."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto((results / "index.html").as_uri() + PAIR)
    tab.locator(".contrast").first.wait_for()
    yield tab
    tab.close()
    assert complaints == []


def cells(tab, measure):
    row = tab.locator(f"#key-numbers [data-measure={measure}] td")
    return [text.replace("\n", " ") for text in row.all_inner_texts()]


# ------------------------------------------------------------------ settings and numbers


def test_two_ticked_maps_are_compared(visit, results):
    tab = visit(folder=results)
    for name in ("pan-small", "digits-small", "digits-strong"):  # the third replaces the first
        tab.locator(f".card:has-text('{name}')").get_by_label("compare").check()
    assert not tab.locator(".card:has-text('pan-small')").get_by_label("compare").is_checked()
    tab.get_by_role("link", name="Compare digits-small with digits-strong").click()
    arrive(tab, "Compare two maps")
    assert tab.locator("#differences tbody tr").all_inner_texts() == ["lateral.strength\t0.1\t0.3"]
    tab.get_by_role("button", name="Swap").click()
    tab.locator("#key-numbers").get_by_text("-0.01000").wait_for()
    assert tab.url.endswith("#compare=digits-strong,digits-small")
    # The page's own link to comparisons leads to the ticked ones as well.
    tab.get_by_role("link", name="Compare", exact=True).click()
    tab.wait_for_url("**#compare=digits-small,digits-strong")


def test_settings_come_first_then_key_numbers_then_pictures(pair):
    headings = pair.locator("#comparison h2").all_inner_texts()
    assert headings == [
        "What differs in their settings", "Key numbers", "On one scale", "Each on its own scale"
    ]  # fmt: skip


def test_a_better_one_is_ticked_where_seeds_say_so(pair):
    assert cells(pair, "held_out_mse") == ["✓ 0.0220", "0.0320", "+0.01000 +0.00975 to +0.01025"]
    assert cells(pair, "neighbour_correlation") == [
        "0.20", "0.33", "+0.13 -0.38 to +0.65 no difference seen"
    ]  # fmt: skip
    assert cells(pair, "dead_in_training") == [
        "25.0% of 2 of 3 seeds",
        "0.0%",
        "- not of every seed",
    ]
    assert (
        pair.get_by_text("Means of 3 seeds that both maps were trained with (0, 1, 2)").count() == 1
    )


def test_what_is_neither_better_nor_worse_has_an_interval_and_no_tick(pair):
    pair.get_by_text("All measures", exact=True).click()
    row = pair.locator("details:visible [data-measure=total_activity]").inner_text()
    assert "✓" not in row
    assert "+1.00" in row
    assert "no difference" not in row
    assert pair.locator("[data-measure=mass_ratio]").count() == 0  # neither has it


def test_numbers_are_rounded_as_in_python(pair):
    """The exact binary number, ties to even: as the cards, which Python writes."""
    numbers = [
        (0.2225, ".1%"), (0.2235, ".1%"), (0.125, ".2f"), (0.375, ".2f"), (-0.125, ".2f"),
        (2.675, ".2f"), (1.005, ".2f"), (-0.0001, ".2f"), (1234.5, ",.0f"), (1234567, ",d"),
    ]  # fmt: skip
    found = pair.evaluate("all => all.map(([value, form]) => inForm(value, form))", numbers)
    assert found == [page._written(value, form) for value, form in numbers]


def test_one_seed_ticks_nothing(compared):
    tab = compared("#compare=digits-small,dream-wild")
    assert cells(tab, "held_out_mse") == ["0.0200", "9000.5000", "+9000.4800 one seed"]
    assert cells(tab, "dead_in_training") == ["25.0%", "-", "-"]
    assert tab.get_by_text("One seed, 0, of both maps.").count() == 1
    assert tab.get_by_text('"make study" trains').count() == 1
    assert tab.locator("#comparison strong:text('✓')").count() == 0
    settings = tab.locator("#differences th[scope=row]").all_inner_texts()
    assert "n_winners" in settings  # only one of them has it
    assert not {"dataset", "name"} & set(settings)


def test_maps_of_different_data_are_not_held_against_each_other(compared):
    tab = compared("#compare=digits-small,pan-small")
    assert cells(tab, "held_out_mse") == ["0.0200", "0.0400", "- not comparable"]
    assert (
        tab.locator("#comparison .warning", has_text="different data, digits and pan").count() == 1
    )
    frames = tab.locator(".pairing[data-kind='activity.gif'] > p").inner_text()
    assert "different samples: dataset is digits and pan" in frames


def test_intervals_are_those_of_a_paired_t_test(pair):
    from scipy import stats  # which takes long to load

    rng = np.random.default_rng(3)
    for n in (2, 3, 5):
        # Seeds differ by more than maps do: without pairs nothing would be seen.
        one = rng.normal(10, 5, n)
        other = one + rng.normal(1, 0.1, n)
        maps = [
            {"seeds": [{"seed": s, "values": {"held_out_mse": v}} for s, v in enumerate(values)]}
            for values in (one.tolist(), other.tolist())
        ]
        maps[1]["seeds"].reverse()  # by their numbers, not by their places
        quantiles = [None, *(t_quantile(degrees) for degrees in range(1, n))]
        found = pair.evaluate(
            """([[a, b], quantiles]) => {
                 const known = study.t975;
                 study.t975 = quantiles;
                 const { difference, seen, best } = compareSeeds(a, b, "held_out_mse");
                 study.t975 = known;
                 return { ...difference, seen, first: best === a };
               }""",
            [maps, quantiles],
        )
        expected = stats.ttest_rel(other, one).confidence_interval(0.95)
        np.testing.assert_allclose([found["low"], found["high"]], expected)
        assert (found["seen"], found["first"]) == (
            ("better", True) if expected[0] > 0 else ("none", False)
        )


# ------------------------------------------------------------------ pictures on one scale

# Red, green and blue of a pixel of the canvases of a contrast, by shares of width and height.
PIXELS = """([name, x, y]) => $$(`[data-contrast="${name}"] canvas`).map((canvas) => {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d");
  pixel.drawImage(canvas, -Math.floor(x * canvas.width), -Math.floor(y * canvas.height));
  return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
})"""


def pixels(pair, name, x=0.5, y=0.45):
    return pair.evaluate(PIXELS, [name, x, y])


def ticks(pair, name):
    return pair.locator(f"[data-contrast='{name}'] .ticks span").all_inner_texts()


def test_prototypes_are_on_one_scale_that_is_written(compared):
    tab = compared()
    half, whole = pixels(tab, "prototypes")
    assert half in ([127] * 3, [128] * 3)
    assert whole == [0] * 3
    assert ticks(tab, "prototypes") == ["0", "1", "2"]
    tab.get_by_label("each prototype on a scale of its own").check()
    assert pixels(tab, "prototypes") == [[0] * 3] * 2
    assert ticks(tab, "prototypes") == []


def test_a_map_that_diverged_has_no_say_in_the_scale(compared):
    tab = compared("#compare=digits-small,dream-wild")
    assert ticks(tab, "prototypes") == ["0", "0.5", "1"]
    assert pixels(tab, "prototypes")[0] == [0] * 3


def test_wins_and_distances_are_on_one_scale_each(pair):
    few, many = pixels(pair, "wins")
    assert many == [0xFD, 0xE7, 0x25]  # the last of viridis
    scale = (
        "colourOf({ scale: 'logarithmic' }, { low: 1, high: 1000 }, 10).match(/\\d+/g).map(Number)"
    )
    assert few == pair.evaluate(scale)
    assert ticks(pair, "wins") == ["1", "10", "100", "1,000"]
    assert pixels(pair, "wins", 0.02, 0.02) == [[255] * 3] * 2  # never
    near, far = pixels(pair, "U-matrix")
    assert (near, far) == ([0x00, 0x22, 0x4E], [0xFE, 0xE8, 0x38])
    assert ticks(pair, "U-matrix") == ["1", "1.5", "2"]


def test_both_answer_the_same_sample_on_one_scale(compared):
    tab = compared()
    tab.locator("[data-contrast=activity] input").fill("7")
    assert tab.locator("[data-contrast=activity] .options span").inner_text() == "7, a 1"
    answers, colours = tab.evaluate(ANSWERS, ["digits-small", "digits-strong", 7])
    high = max(map(max, answers))
    assert float(ticks(tab, "activity")[-1]) == float(f"{high:.3g}")
    assert max(answers[0]) < 0.7 * high  # on a scale of its own it would look as strong
    for side, (answer, expected) in enumerate(zip(answers, colours, strict=True)):
        for unit in np.flatnonzero(np.array(answer) > high / 100):
            row, col = divmod(int(unit), 5)
            drawn = pixels(tab, "activity", (col + 0.5) / 5, (row + 0.5) / 4)[side + 1]
            assert f"rgb({','.join(map(str, drawn))})" == expected[unit]


# What two maps answer to a sample of the first, and its colours on one scale.
ANSWERS = """async ([one, other, number]) => {
  const maps = await Promise.all([one, other].map((name) => loadMap(byName.get(name))));
  const sample = sampleOf(maps[0], number);
  const answers = maps.map((map) => [...respond(map, sample).activity]);
  const scale = { low: 0, high: Math.max(...answers.flat()) };
  return [answers, answers.map((values) =>
    values.map((value) => colourOf({ scale: "linear" }, scale, value)))];
}"""


def test_figures_on_their_own_scales_stand_for_what_is_not_drawn_alone(pair):
    kinds = pair.locator(".pairing:visible").evaluate_all(
        "rows => rows.map(row => row.dataset.kind)"
    )
    assert kinds == ["activity.gif", "figures/reconstructions.png"]
    row = pair.locator(".pairing[data-kind='figures/reconstructions.png'] figure")
    assert row.evaluate_all("all => all.map(one => one.dataset.of)") == [
        "digits-small",
        "digits-strong",
    ]
    one, other = (figure.bounding_box() for figure in row.all())
    assert one["y"] == other["y"]
    assert one["x"] + one["width"] < other["x"]


def test_figures_stand_for_maps_whose_script_is_missing(browser, results, tmp_path):
    folder = shutil.copytree(results, tmp_path / "copy")
    (folder / "digits-small" / "map.js").unlink()
    tab = browser.new_page()
    tab.set_default_timeout(5000)
    tab.goto((folder / "index.html").as_uri() + PAIR)
    tab.get_by_text("digits-small/map.js is missing").wait_for()
    kinds = tab.locator(".pairing:visible").evaluate_all(
        "rows => rows.map(row => row.dataset.kind)"
    )
    assert {"figures/prototypes.png", "figures/hit_map.png", "figures/u_matrix.png"} <= set(kinds)
    assert tab.locator(".pairing:visible").last.get_by_text("has no such picture").count() == 1
    tab.close()


# ------------------------------------------------------------------ windows


SIZE = "[data-contrast=prototypes] select"


def shown_parts(tab):
    return tab.locator("[data-contrast=prototypes] .pane p").all_inner_texts()


def test_prototypes_are_enlarged_and_move_together(compared):
    tab = compared()
    tab.locator(SIZE).select_option("8 pixels a weight")
    canvas = tab.locator("[data-contrast=prototypes] canvas").first
    shown, pixels = canvas.evaluate("canvas => [canvas.clientWidth, canvas.width]")
    assert shown == 8 * pixels
    before = shown_parts(tab)
    assert before[0] == before[1]
    canvas.focus()
    for _ in range(9):
        tab.keyboard.press("ArrowRight")
        tab.keyboard.press("ArrowDown")
    assert shown_parts(tab) == ["rows 2 to 3 of 4, columns 3 to 4 of 5"] * 2
    # Where they stand is framed on the maps of units, and a click there moves them.
    frame = tab.locator("[data-contrast=wins] .frame").first
    sheet = tab.locator("[data-contrast=wins] .sheet").first
    ends = [box["x"] + box["width"] for box in (frame.bounding_box(), sheet.bounding_box())]
    assert abs(ends[0] - ends[1]) < 1
    sheet.click(position={"x": 3, "y": 3})
    assert shown_parts(tab) == ["rows 0 to 1 of 4, columns 0 to 1 of 5"] * 2
    canvas.scroll_into_view_if_needed()
    canvas.drag_to(
        canvas, source_position={"x": 300, "y": 300}, target_position={"x": 68, "y": 300}
    )
    assert shown_parts(tab) == ["rows 0 to 1 of 4, columns 1 to 2 of 5"] * 2


def test_a_click_on_whole_maps_enlarges_them(compared):
    tab = compared()
    tab.locator(SIZE).select_option("whole maps")
    assert shown_parts(tab) == ["rows 0 to 3 of 4, columns 0 to 4 of 5"] * 2
    assert tab.locator(".frame:visible").count() == 0
    tab.locator("[data-contrast=prototypes] canvas").last.click(position={"x": 5, "y": 5})
    assert tab.locator(SIZE).input_value() == "4"


# ------------------------------------------------------------------ one clock


def test_two_players_have_one_clock(compared):
    tab = compared()
    row = tab.locator(".pairing[data-kind='activity.gif']")
    row.scroll_into_view_if_needed()
    assert row.get_by_role("button", name="Pause").count() == 1
    assert row.get_by_role("slider").count() == 1
    tab.wait_for_function(
        "players.every((player) => player.length > 0) && players[0].clock.number > 2"
    )
    row.get_by_role("button", name="Pause").click()
    assert tab.evaluate(SAME_PICTURE)
    row.get_by_role("slider").fill("40")
    assert row.locator("output").inner_text() == "41 / 60"
    assert tab.evaluate(SAME_PICTURE)
    row.locator("canvas").last.press("ArrowRight")
    assert row.locator("output").inner_text() == "42 / 60"
    assert tab.evaluate(SAME_PICTURE)


# The made-up animations of all maps are the same.
SAME_PICTURE = """async () => {
  await Promise.all(players.map((player) => player.painted));
  const [one, other] = players.map(({ canvas }) => canvas.toDataURL());
  return one === other;
}"""


def test_the_shorter_animation_stays_at_its_last_frame(pair):
    drawn = pair.evaluate(
        """() => {
             const drawn = [];
             const clock = new Clock("a test");
             for (const length of [3, 5]) {
               clock.join({ length, visible: true, draw: (number) => drawn.push(number) });
             }
             clock.go(4);
             clock.go(5);
             return [...drawn, clock.output.value];
           }"""
    )
    assert drawn == [2, 4, 0, 0, "1 / 5"]


def test_it_is_said_what_frames_are_of(pair):
    said = pair.locator(".pairing[data-kind='activity.gif'] > p").inner_text()
    assert said.endswith("frames of the same number are of the same samples.")
