"""The laboratory in a real browser: it answers as Python does, and draws as Python does."""

import json
import re
import shutil
from dataclasses import replace

import made_results
import numpy as np
import pytest
from test_page_browser import arrive, browser, has_no_overflow, pytestmark, visit

import topodream
from topodream.data import bars
from topodream.data.samples import Data, Samples
from topodream.files.storage import write_text
from topodream.form import Form
from topodream.measures.responses import respond
from topodream.page import page
from topodream.pictures import laboratory, packing
from topodream.pictures.drawing import Material
from topodream.pictures.shades import Scale, to_bytes
from topodream.pictures.tiles import tile

__all__ = ["browser", "pytestmark", "visit"]  # fixtures

# In place of the made-up maps: what is trained here, in a second each.
MWTA, DREAM, FOLDIAK, COLOURS = "digits-small", "dream-wild", "digits-strong", "pan-small"
TRAINED = {"engine": "reference", "epochs": 1, "progress": False}
SETTINGS = {
    MWTA: {"grid": {"rows": 12, "cols": 12}, "steps_per_epoch": 2000},
    DREAM: {"like": "dream-symmetric", "grid": {"rows": 6, "cols": 6}, "steps_per_epoch": 1500},
    FOLDIAK: {"like": "bars", "steps_per_epoch": 1500},
}
# Of 1,000 held-out samples: winners of as many are the same, by weights in levels. What those answer
# differs by a few levels, of which 8,191 make up the largest weight.
LEAST_SAME = 995
TOLERANCE = 2e-3


@pytest.fixture(scope="module")
def materials(digits, shipped_config):
    """Trained maps with their data, by name; and one of opponent colours, ON and OFF, on a torus."""
    drawn = bars.bars_content(1000, 1000, 8, 0.125, 0).arrays
    arrays = {MWTA: digits, DREAM: digits, FOLDIAK: drawn}
    made = {}
    for name, settings in SETTINGS.items():
        parts = [
            Samples(
                arrays[name][f"{part}/pixels"], arrays[name].get(f"{part}/labels"), None,
                Form(*arrays[name][f"{part}/pixels"].shape[1:]),
            )
            for part in ("train", "held_out")
        ]  # fmt: skip
        data = Data(*parts, False, "1" * 64, "made-up samples", "none")
        trained = topodream.train(parts[0].pixels, name=name, **TRAINED, **settings)
        made[name] = Material(trained, data, {}, {}, 1)
    return made


@pytest.fixture(scope="module")
def results(tmp_path_factory, shipped_config, catalogue, materials):
    folder = tmp_path_factory.mktemp("laboratory")
    named = {MWTA: {**made_results.MEASURES[MWTA], "label_accuracy": 0.6}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_results, "MEASURES", made_results.MEASURES | named)
        made_results.make(folder, shipped_config)
    colours = replace(catalogue.experiments["colour-patches"], name=COLOURS)
    coloured = made_results.material_of(colours, form=Form(5, 6, "opponent", "on_off"))
    for name, material in {**materials, COLOURS: coloured}.items():
        sent = laboratory.gather(material)
        packing.write_script(folder / name / "map.js", sent, made_results.ORIGIN)
    contents = page.Contents(experiments=made_results.shown(), datasets=["digits"])
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder


def at_work(visit, address, **options):
    """The laboratory, when its map is there."""
    tab = visit(f"#laboratory={address}", **options)
    tab.locator("#lab").wait_for()
    return tab


def said(tab):
    return tab.locator("#lab-status").text_content()


def facts(tab):
    """What is said of the chosen unit."""
    names, values = (tab.locator(f"#lab-facts {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def address(tab):
    return tab.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def draw(tab, *places):
    """Draw from place to place, each (x, y) as a share of the pad."""
    box = tab.locator("#lab-pad").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    tab.mouse.move(*points[0])
    tab.mouse.down()
    for point in points[1:]:
        tab.mouse.move(*point, steps=8)
    tab.mouse.up()
    tab.wait_for_function("lab.sample === null && lab.asked.size === 0")


# ------------------------------------------------------------------ as in Python

ANSWERS = """async (name) => {
  const map = await loadMap(byName.get(name));
  const responses = [...Array(map.samples.n).keys()].map((i) => respond(map, sampleOf(map, i)));
  return responses.map(({ winners, activity }) => ({
    winners, activity: [...activity], drawn: [...reconstruct(map, activity)].slice(0, 100) }));
}"""


@pytest.mark.parametrize("name", SETTINGS)
def test_the_browser_answers_as_python_does(visit, materials, name):
    model = materials[name].model
    samples = materials[name].data.held_out.vectors(model.experiment.dtype)
    expected = respond(model.trained.state, samples, model.experiment)
    found = visit().evaluate(ANSWERS, name)
    assert len(found) == len(samples) == 1000
    activity = np.array([one["activity"] for one in found])
    won = [
        [unit for unit in units if expected.fresh[row, unit] != 0]
        for row, units in enumerate(expected.winners)
    ]
    same = np.array([set(a["winners"]) == set(b) for a, b in zip(found, won, strict=True)])
    assert same.sum() >= LEAST_SAME
    largest = np.abs(expected.fresh).max()
    assert np.abs(activity - expected.fresh)[same].max() <= TOLERANCE * largest
    drawn = np.array([one["drawn"] for one in found])
    assert np.abs(drawn - expected.reconstructions[:, :100])[same].max() <= 10 * TOLERANCE
    assert expected.wins.sum() > 0


@pytest.mark.parametrize("dtype", packing.TYPES)
def test_arrays_of_each_type_are_read(visit, dtype):
    ends = np.array(np.iinfo(dtype).max if dtype != "float32" else np.finfo(dtype).max)
    numbers = np.array([[0, 1, 2], [250, 77, 0]]).astype(dtype)
    numbers[0, 2] = ends
    if np.dtype(dtype).kind != "u":
        numbers[1, 2] = -ends
    found = visit().evaluate(
        "async (sent) => { const all = await unpack(sent); return [all.constructor.name, [...all]]; }",
        packing.packed(numbers),
    )
    assert found == [f"{dtype.capitalize()}Array", numbers.ravel().tolist()]


FORMS = {
    "ink": Form(5, 6),
    "light": Form(5, 6, zero="black"),
    "signed": Form(5, 6, channels="on_off"),
    "colours": Form(5, 6, "rgb"),
    "signed colours": Form(5, 6, "rgb", "on_off"),
    "opponents": Form(5, 6, "opponent"),
    "signed opponents": Form(5, 6, "opponent", "on_off"),
}
PAINTED = """async (content) => {
  const map = await readMap(content);
  const pixels = (canvas) => ({ width: canvas.width, bytes: [...canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 < 3) });
  const [sheet, sample] = [h("canvas"), h("canvas")];
  drawPrototypes(sheet, map, scaleOfPrototypes(map));
  drawValues(sample, map.form, sampleOf(map, 3));
  return [pixels(sheet), pixels(sample)];
}"""


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_is_drawn_looks_as_in_figures(visit, catalogue, form):
    experiment = catalogue.experiments["bars"]
    material = made_results.material_of(experiment, form=form)
    material.model.trained.history.wins[:, :3] = 0
    grid, weights = experiment.grid, material.model.trained.weights
    sheet, sample = visit().evaluate(PAINTED, laboratory.gather(material))
    alive = material.model.alive(weights, experiment.epochs)
    assert 0 < alive.sum() < len(alive)
    scale = Scale.of_prototypes(weights, form, alive)
    between = 1 - 38 / 255 if scale.is_coloured else 38 / 255
    expected = tile(scale.shades(weights), grid.cols, fill=between)[:-1, :-1]
    shown = Scale(form).shades(material.data.held_out.vectors("float32")[3:4])[0]
    for found, shades in ((sheet, expected), (sample, shown)):
        light = shades if scale.is_coloured else np.repeat(1 - shades[..., None], 3, axis=2)
        painted = np.array(found["bytes"]).reshape(-1, found["width"], 3)
        assert painted.shape == light.shape
        assert np.abs(painted - to_bytes(light).astype(int)).max() <= 1


def test_scales_of_one_map_and_of_two(visit):
    found = visit().evaluate(
        """() => {
          const raw = (aboveLeast) => ({ aboveLeast, form: { isSigned: false } });
          const layer = (scale, ...values) => ({ scale, values });
          return [
            scaleOfPrototypes(raw(0.5)).high,
            scaleOfPrototypes({ form: { isSigned: true } }).high,
            scaleOfLayer(layer("logarithmic", 0, 5), layer("logarithmic", 400, null)),
            scaleOfLayer(layer("classes", 3, null), layer("classes", 10, 3)),
            scaleOfLayer(layer("linear", 1, 2), layer("linear", 0.5)),
            colourOf(layer("logarithmic"), { low: 1, high: 100 }, 10),
          ];
        }"""
    )
    wins, classes, linear = {"low": 1, "high": 400}, {"classes": [3, 10]}, {"low": 0.5, "high": 2}
    assert found == [0.5, None, wins, classes, linear, "rgb(33,145,140)"]  # viridis in its middle


# ------------------------------------------------------------------ drawing


def test_readers_are_invited_to_draw_a_digit(visit):
    tab = visit()
    tab.get_by_role("link", name="Draw a digit").click()
    arrive(tab, "Laboratory")
    tab.locator("#lab").wait_for()
    assert tab.locator("#lab-name").input_value() == MWTA
    assert tab.locator("#lab-show-title").inner_text() == "Draw a digit"
    assert all(url.startswith("file://") for url in tab.asked)


def test_cards_and_pages_of_maps_lead_to_it(visit):
    tab = visit()
    assert tab.locator(f".card [href='#laboratory={DREAM}']").is_visible()
    tab = visit(f"#{DREAM}")
    tab.get_by_role("link", name="See it at work in the laboratory").click()
    tab.locator("#lab").wait_for()
    assert tab.locator("#lab-name").input_value() == DREAM


def test_a_drawing_is_answered(visit):
    tab = at_work(visit, f"{MWTA}&sample=0")
    before = tab.evaluate("lab.response.winners")
    draw(tab, (0.5, 0.2), (0.5, 0.8))
    assert tab.evaluate("lab.response.winners") != before
    assert "sample" not in address(tab)
    assert tab.locator("#lab-shown").inner_text() == "Your drawing."
    assert re.fullmatch(r"Your drawing\. it says \d, \d+ %", said(tab))
    assert tab.locator("#lab-winners button").count() == 5
    tab.locator("#lab-clear").click()
    assert tab.evaluate("[...lab.values].every((value) => value === 0)")


def test_a_drawing_becomes_what_mnist_has(visit):
    """However small, and wherever: as tall as 20 pixels, the centre of mass in the middle."""
    tab = at_work(visit, MWTA)
    draw(tab, (0.1, 0.1), (0.1, 0.5))
    values = np.array(tab.evaluate("[...lab.values]")).reshape(28, 28)
    rows, cols = np.mgrid[:28, :28]
    assert (values * rows).sum() / values.sum() == pytest.approx(14, abs=0.1)
    assert (values * cols).sum() / values.sum() == pytest.approx(14, abs=0.1)
    drawn = np.flatnonzero(values.any(axis=1))
    assert 19 <= drawn[-1] - drawn[0] + 1 <= 21
    assert values.max() == 1


def test_of_other_sizes_a_drawing_stays_where_it_is(visit):
    tab = at_work(visit, FOLDIAK)
    draw(tab, (0.02, 2.5 / 8), (0.98, 2.5 / 8))
    values = np.array(tab.evaluate("[...lab.values]")).reshape(8, 8)
    assert (values[2] > 0.9).all()
    assert not np.delete(values, 2, axis=0).any()
    # Its unit answers, whose prototype is that row.
    (winner,) = tab.evaluate("lab.response.winners")
    prototype = np.array(tab.evaluate("unit => [...prototypeOf(lab.map, unit)]", winner))
    assert prototype.reshape(8, 8).sum(axis=1).argmax() == 2


def test_a_drawing_begun_on_a_sample_takes_its_place(visit):
    tab = at_work(visit, f"{FOLDIAK}&sample=9")
    draw(tab, (0.5, 0.5), (0.5, 0.55))
    assert 0 < sum(tab.evaluate("[...lab.values]")) < 3


def test_what_cannot_be_drawn_is_shown_by_samples(visit):
    tab = at_work(visit, f"{COLOURS}&sample=0")
    assert tab.locator("#lab-clear").is_hidden()
    assert "can't be drawn" in tab.locator("#lab-how").inner_text()
    tab.locator("#lab-pad").click()
    assert address(tab)["sample"] == "0"
    tab.locator("#lab-next").click()
    tab.locator("#lab-next").click()
    tab.locator("#lab-previous").click()
    assert address(tab)["sample"] == "1"
    assert tab.locator("#lab-strip [data-sample='1']").get_attribute("aria-pressed") == "true"


def test_a_named_class_is_called_by_its_name(visit):
    said = """all => all.map(([labels, classes]) => labelOf({ samples: { labels, classes } }, 0))"""
    assert visit().evaluate(said, [[[7], []], [[1], ["line", "round"]], [None, []]]) == [
        "a 7", "round", None
    ]  # fmt: skip


def test_samples_are_there_one_for_each_class(visit, materials):
    tab = at_work(visit, MWTA)
    labels = materials[MWTA].data.held_out.labels
    assert tab.locator("#lab-strip button").all_inner_texts() == [str(one) for one in range(10)]
    tab.locator("#lab-strip button").nth(7).click()
    number = int(np.flatnonzero(labels == 7)[0])
    assert address(tab)["sample"] == str(number)
    assert tab.locator("#lab-shown").inner_text() == f"Held-out sample {number}, a 7."


# ------------------------------------------------------------------ units


def test_units_are_chosen_by_keys(visit):
    tab = at_work(visit, f"{MWTA}&unit=13")
    marks = tab.locator("#lab-marks")
    for key, unit in (("ArrowRight", 14), ("ArrowDown", 26), ("ArrowUp", 14), ("ArrowUp", 2)):
        marks.press(key)
        assert address(tab)["unit"] == str(unit)
    for _ in range(3):
        marks.press("ArrowLeft")
    assert address(tab)["unit"] == "0"  # at the border
    assert said(tab).startswith("unit at row 0, column 0: wins ")
    assert tab.locator("#lab-unit-title").inner_text() == "Unit at row 0, column 0"
    marks.press("Escape")
    assert "unit" not in address(tab)
    assert tab.evaluate("lab.unit === lab.response.winners[0]")


def test_a_torus_has_no_border(visit):
    tab = at_work(visit, f"{COLOURS}&unit=0")
    tab.locator("#lab-marks").press("ArrowLeft")
    cols = tab.evaluate("lab.map.grid.cols")
    assert address(tab)["unit"] == str(cols - 1)


def test_hovering_shows_a_unit_and_a_click_holds_it(visit):
    tab = at_work(visit, MWTA)
    box = tab.locator("#lab-marks").bounding_box()
    cell = box["width"] / 12
    tab.mouse.move(box["x"] + 2.5 * cell, box["y"] + 1.5 * cell)
    tab.wait_for_function("lab.unit === 14")
    assert "unit" not in address(tab)
    tab.mouse.move(box["x"] - 20, box["y"])
    tab.wait_for_function("lab.unit === lab.response.winners[0]")
    tab.mouse.click(box["x"] + 2.5 * cell, box["y"] + 1.5 * cell)
    tab.mouse.move(box["x"] - 20, box["y"])
    assert address(tab)["unit"] == "14"
    assert tab.evaluate("lab.unit") == 14


def test_of_a_unit_all_is_said(visit, materials):
    tab = at_work(visit, f"{MWTA}&unit=30&sample=4")
    material = materials[MWTA]
    wins = int(material.model.last_wins[30])
    label = material.labelling.classes[material.labelling.winners[30]]
    shown = facts(tab)
    assert shown["wins"] == f"{wins:,d}"
    assert shown["label"] == (str(label) if wins else "none")
    sample = material.data.held_out.vectors("float32")[4]
    drive = float(material.model.trained.weights[30] @ sample)
    assert float(shown["drive now"]) == pytest.approx(drive, rel=5e-3)
    assert float(shown["score"]) == pytest.approx(
        float(shown["drive now"]) + float(shown["heard now"]), rel=2e-2
    )
    assert "hears 24 units, each by +0.1" in tab.locator("#lab-lateral").inner_text()


def test_all_kinds_of_lateral_weights_are_shown(visit, materials):
    tab = at_work(visit, f"{DREAM}&unit=8")
    assert tab.locator("#lab-lateral h3").all_inner_texts() == [
        "Excitation", "Global inhibition", "Column inhibition",
    ]  # fmt: skip
    heard = materials[DREAM].lateral[0].effects(np.array([8]))[0]
    largest = int(heard.argmax())
    first = tab.locator("#lab-lateral li").first.inner_text()
    assert first == f"+{heard[largest]:.3g} row {largest // 6}, column {largest % 6}"
    inhibition = tab.locator("#lab-lateral > div").nth(1).locator("li")
    assert all(text.startswith("\N{MINUS SIGN}") for text in inhibition.all_inner_texts())


def test_a_sample_that_a_unit_answers_most_is_shown_to_the_map(visit):
    tab = at_work(visit, MWTA)
    unit = tab.evaluate("lab.unit")
    best = tab.locator("#lab-best button").last
    number = best.get_attribute("data-sample")
    best.click()
    assert address(tab) == {"laboratory": MWTA, "unit": str(unit), "sample": number}
    assert tab.evaluate("document.activeElement.dataset.sample") == number
    assert facts(tab)["wins now"].startswith("yes")


# ------------------------------------------------------------------ what is shown


def test_an_address_says_what_is_shown(visit):
    tab = at_work(visit, f"{MWTA}&layer=label&unit=3&sample=17")
    assert tab.locator("#lab-layers :checked").input_value() == "label"
    assert tab.locator("#lab-shown").inner_text().startswith("Held-out sample 17, a ")
    tab.get_by_text("U-matrix", exact=True).first.click()
    shared = {"laboratory": MWTA, "layer": "U-matrix", "unit": "3", "sample": "17"}
    assert address(tab) == shared
    other = visit(tab.evaluate("location.hash"))
    other.locator("#lab").wait_for()
    assert address(other) == shared


def test_an_address_of_what_is_not_there_shows_the_first(visit):
    tab = at_work(visit, f"{MWTA}&layer=nothing&unit=144&sample=1.5")
    assert address(tab) == {"laboratory": MWTA, "sample": "0"}
    tab = at_work(visit, "no-such-map")
    assert tab.locator("#lab-name").input_value() == MWTA


def test_another_map_takes_the_place_of_the_first(visit):
    tab = at_work(visit, f"{MWTA}&layer=label&unit=3")
    tab.locator("#lab-name").select_option(FOLDIAK)
    tab.wait_for_function("name => lab.map?.model === name", arg="foldiak")
    assert address(tab) == {"laboratory": FOLDIAK, "sample": "0"}
    tab.go_back()
    tab.wait_for_function("name => lab.map?.model === name", arg="mwta")
    assert address(tab)["unit"] == "3"


# How many shades the map is painted in; a canvas that is read twice from a GPU is complained of.
SHADES = """() => {
  const copy = h("canvas", { width: 300, height: 300 }).getContext("2d", { willReadFrequently: true });
  copy.drawImage($("#lab-sheet"), 0, 0);
  return new Set(copy.getImageData(0, 0, 300, 300).data).size;
}"""


@pytest.mark.parametrize("name", [MWTA, DREAM, FOLDIAK, COLOURS])
@pytest.mark.parametrize("width", [1280, 400])
def test_each_layer_is_drawn_and_nothing_reaches_beyond_the_window(visit, name, width):
    tab = at_work(visit, name, width=width, device_scale_factor=2)
    for radio in tab.locator("#lab-layers input").all():
        radio.check()
        assert tab.evaluate(SHADES) > 2
        assert has_no_overflow(tab)
    width_of = tab.evaluate("[$('#lab-marks').width, 2 * $('#lab-marks').clientWidth]")
    assert width_of[0] == pytest.approx(width_of[1], abs=1)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        (laboratory.LEARNT, "too many weights"),
        (("answers",), "No page can compute what the model mwta answers"),
    ],
)
def test_what_a_map_lacks_is_said(visit, results, materials, tmp_path, missing, why):
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    sent = laboratory.gather(materials[MWTA]) | dict.fromkeys(missing)
    packing.write_script(folder / MWTA / "map.js", sent, made_results.ORIGIN)
    tab = at_work(visit, f"{MWTA}&unit=30", folder=folder)
    assert why in tab.locator("#lab-how").inner_text()
    assert tab.locator(".lab-answer").is_hidden()
    assert ("prototypes" in tab.locator("#lab-layers").inner_text()) == ("weights" not in missing)
    assert list(facts(tab)) == ["wins", "U-matrix", "label"]


def test_a_map_whose_script_is_missing_is_named(browser, results, tmp_path):
    shutil.copy(results / "index.html", tmp_path)
    tab = browser.new_page()
    tab.goto(f"{(tmp_path / 'index.html').as_uri()}#laboratory={MWTA}")
    trouble = tab.locator("#lab-trouble")
    trouble.wait_for()
    assert trouble.inner_text() == f"{MWTA} can't be shown: {MWTA}/map.js is missing"
    tab.close()


def test_what_is_written_into_the_page_is_json(results):
    """The invitation stands in what scripts know, too."""
    text = (results / "index.html").read_text()
    known = json.loads(re.search(r'id="study">(.*?)</script>', text, re.S)[1])
    assert known["invited"] == MWTA
