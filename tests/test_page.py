"""What the page is made of, without a browser."""

import base64
import json
import math
import re
import shutil
import zlib
from dataclasses import replace

import made_results
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.files.storage import json_digest, read_json, write_json
from topodream.form import Form
from topodream.grid import Grid
from topodream.origin import notes
from topodream.page import current, dotplot, page, study
from topodream.page.terms import TERMS
from topodream.pictures import animation, packing, player, thumbnails
from topodream.pictures.of_maps import PICTURES


@pytest.fixture
def results(tmp_path, shipped_config):
    made_results.make(tmp_path, shipped_config)
    return tmp_path


@pytest.fixture
def contents(results):
    return page.Contents(
        experiments=made_results.shown(),
        datasets=["digits", "tapestry", "pan"],
        groups=made_results.GROUPS,
        findings=results / "findings.json",
        sweeps=["strength"],
    )


def rendered(results, contents):
    return page.render(results, contents, made_results.ORIGIN)


# ------------------------------------------------------------------ thumbnails


def test_a_thumbnail_has_prototypes_at_their_places():
    # Two units side by side of 1 x 2 weights; the scale ends at the largest weight, nearly.
    drawn = thumbnails.draw(np.array([[0, 1.0], [1.0, -1.0]]), Grid(1, 2), Form(1, 2))
    separator = round(thumbnails.SEPARATOR * 15)
    assert drawn.tolist() == [[0, 15, separator, 15, 0]]


def test_a_thumbnail_shows_the_middle_of_a_large_map():
    shown = thumbnails.middle(Grid(14, 13))
    assert shown.shape == (10, 10)
    assert (shown[0, 0], shown[-1, -1]) == (2 * 13 + 1, 11 * 13 + 10)


@pytest.mark.parametrize("weights", [np.zeros((4, 4)), np.full((4, 4), -1.0)])
def test_a_thumbnail_of_a_map_without_weights_is_white(weights):
    drawn = thumbnails.draw(weights, Grid(2, 2), Form(2, 2))
    assert set(drawn[:2, :2].ravel().tolist()) == {0}


def test_thumbnails_are_written_as_they_were_drawn(tmp_path):
    levels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    thumbnails.write(tmp_path / "a.png", levels, "a note")
    with Image.open(tmp_path / "a.png") as image:
        greys = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(greys, 255 - 17 * levels)


# ------------------------------------------------------------------ the player's scripts


@pytest.mark.parametrize("enlarged", [1, 8])
@pytest.mark.parametrize("group_bytes", [1, 3 * 48 * 400, 2**24])
def test_a_script_holds_the_frames_of_its_gif(tmp_path, monkeypatch, group_bytes, enlarged):
    """A frame says what it adds to the one before; if rows repeat, each what it adds to that above."""
    monkeypatch.setattr(player, "GROUP_BYTES", group_bytes)
    shape = (7, 48 // enlarged, 400 // enlarged)
    frames = np.random.default_rng(0).integers(animation.MARK, size=shape, dtype=np.uint8)
    frames = frames.repeat(enlarged, axis=1).repeat(enlarged, axis=2)
    frames[4] = frames[3]  # as long as two
    made = animation.Animation(iter(frames), 40, animation.palette())
    player.write(tmp_path / "a.gif", made, {"made_by": "a test"})
    assert notes.read(tmp_path / "a.gif") == {"made_by": "a test"}
    note = notes.read(tmp_path / "a.gif.js")
    assert note == {"gif_sha256": file_digest(tmp_path / "a.gif"), "made_by": "a test"}

    call = (tmp_path / "a.gif.js").read_text().splitlines()[1]
    content = json.loads(call.removeprefix("deliver(").removesuffix(");"))
    assert (content["width"], content["height"]) == (400, 48)
    assert content["delays"] == [40, 40, 40, 80, 40, 40]
    assert base64.b64decode(content["palette"]) == animation.palette()
    assert json.loads(content["comment"]) == {"made_by": "a test"}
    assert content["by_rows"] == (enlarged > 1)
    groups = [zlib.decompress(base64.b64decode(group)) for group in content["groups"]]
    assert {len(group) for group in groups[:-1]} <= {48 * 400 * content["every"]}
    unpacked = []
    for group in groups:
        added = np.frombuffer(group, np.uint8).reshape(-1, 48, 400)
        whole = added.cumsum(axis=1) if content["by_rows"] else added
        unpacked += [*whole.cumsum(axis=0).astype(np.uint8)]
    np.testing.assert_array_equal(unpacked, frames[[0, 1, 2, 3, 5, 6]])


@pytest.mark.parametrize("repeats", ["a pattern", "greys in a row", "nothing"])
def test_frames_are_deflated_by_what_repeats_in_them(repeats):
    """As little as any of both strategies and both ways to say rows would take."""
    greys = np.random.default_rng(0).integers(64, size=(96, 400), dtype=np.uint8)
    patterns = {"a pattern": np.tile(greys[:, :25], 16), "greys in a row": greys.repeat(5, axis=1)}
    frame = patterns.get(repeats, greys)
    packed = player.PackedFrames()
    packed.add(frame, 40)
    (group,) = packed.content()["groups"]

    def deflated(shown, strategy):
        deflating = zlib.compressobj(packing.LEVEL, strategy=strategy)
        return len(deflating.compress(shown.tobytes()) + deflating.flush())

    by_rows = np.diff(frame, axis=0, prepend=np.zeros((1, frame.shape[1]), np.uint8))
    sizes = [deflated(one, way) for one in (frame, by_rows) for way in player.STRATEGIES]
    assert len(base64.b64decode(group)) == min(sizes)


def test_pictures_that_are_not_whole_are_said(results, tmp_path):
    folder = shutil.copytree(results, tmp_path / "copy")
    for name in ("digits-small/figures/prototypes.png", "digits-small/activity.gif"):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(
            InputError, match=rf"{path}: damaged \(.*; delete it so that it is made"
        ):
            render_all(folder)
        path.write_bytes(whole)
    render_all(folder)


def render_all(folder):
    contents = page.Contents(made_results.shown(["digits-small"]))
    return page.render(folder, contents, made_results.ORIGIN)


def test_the_picture_of_a_large_grid_is_no_bomb(results, tmp_path):
    folder = shutil.copytree(results, tmp_path / "copy")
    Image.new("1", (20_000, 20_000)).save(folder / "digits-small/figures/prototypes.png")
    assert 'width="20000"' in render_all(folder)


def test_what_is_not_made_is_listed_with_its_question_and_why(results, contents):
    assert "Not made" not in rendered(results, contents)
    one = {"question": "Does it <learn>?", "why": "needs pictures"}
    html = rendered(results, replace(contents, not_made={"lacking": one}))
    cells = ["lacking", "Does it &lt;learn&gt;?", "needs pictures"]
    row = r"<th[^>]*>{}</th><td>{}</td><td[^>]*>{}</td>".format(*map(re.escape, cells))
    assert re.search(row, html)


def test_a_finding_that_is_not_measured_says_why(results, contents):
    path = results / "findings.json"
    assert "not measured</strong>" not in rendered(results, contents)
    content = {key: value for key, value in read_json(path).items() if key != "content_sha256"}
    first = content["findings"][0]
    first.update(verdict="not measured", why="needs pictures", claims=[])
    write_json(path, content)
    html = rendered(results, contents)
    assert "Not measured: needs pictures." in html
    assert re.search(r"\? not measured</strong> 1</label>", html)  # the tally


# ------------------------------------------------------------------ plots of claims


def test_a_plot_lays_values_out_from_left_to_right():
    arranged = dotplot.arrange(made_results.claim([0.3, 0.4, 0.35], 0.1, "holds"))
    at = [dot.x for dot in arranged.dots]
    assert dotplot.LEFT < arranged.threshold.x < at[0] < at[2] < at[1] < dotplot.RIGHT
    assert arranged.mean == pytest.approx(at[2])
    assert arranged.interval[0] < at[0]
    assert at[1] < arranged.interval[1]
    assert [dot.text for dot in arranged.dots] == ["seed 0: 0.3", "seed 1: 0.4", "seed 2: 0.35"]
    # Ticks and dots are on one scale: 0.4 is where the tick of 0.4 is.
    assert {tick.text: tick.x for tick in arranged.ticks}["0.4"] == pytest.approx(at[1])


@pytest.mark.parametrize(("side", "inside", "outside"), [("above", 0, 1), ("below", 1, 0)])
def test_a_plot_shades_the_side_that_confirms(side, inside, outside):
    arranged = dotplot.arrange(made_results.claim([2, 0], 1, "undecided", side=side))
    left, right = arranged.confirms
    assert left < arranged.dots[inside].x < right
    assert not left < arranged.dots[outside].x < right


def test_a_plot_marks_no_effect_on_its_axis():
    effect = {"seen": "as claimed", "without": -1.0}
    arranged = dotplot.arrange(made_results.claim([0.3, 0.4], 0.1, "holds", effect=effect))
    assert dotplot.LEFT < arranged.without.x < arranged.threshold.x
    assert {tick.text: tick.x for tick in arranged.ticks}["-1"] == arranged.without.x
    bare = dotplot.arrange(made_results.claim([0.3, 0.4], 0.1, "holds", effect=None))
    assert bare.without is None


def test_a_plot_of_nothing_has_its_threshold_alone():
    arranged = dotplot.arrange(made_results.claim([None], 0.1, "undecided"))
    assert (arranged.dots, arranged.mean, arranged.interval) == ([], None, None)
    assert arranged.threshold.x == pytest.approx((dotplot.LEFT + dotplot.RIGHT) / 2)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (-3e-7, 2e-6), (0.99, 1.01), (-40, 12345)])
def test_ticks_are_few_round_numbers_on_the_axis(first, last):
    marks = dotplot.ticks(first, last)
    assert 2 <= len(marks) <= 5
    assert first <= marks[0]
    assert marks[-1] <= last
    step = marks[1] - marks[0]
    assert float(f"{step:.3e}"[:5]) in (1, 2, 5)
    assert all(math.isclose(mark / step, round(mark / step), abs_tol=1e-6) for mark in marks)


# ------------------------------------------------------------------ the page


@pytest.mark.parametrize(
    ("divergence", "dead", "badge"),
    [
        (None, None, None),
        (None, 0.5, None),
        (None, 0.924, "92 % of units dead"),
        (None, 1, "100 % of units dead"),
        (made_results.DIVERGENCE, 0.9, "diverged at step 1,082"),
    ],
)
def test_maps_that_diverged_or_are_mostly_dead_are_marked(divergence, dead, badge):
    assert page._badge(divergence, dead) == badge


def test_a_map_most_of_whose_units_are_dead_is_marked_wherever_it_is(results):
    measured = {**made_results.MEASURES["digits-small"], "dead_in_training": 0.92}
    path = results / "digits-small" / "measures.json"
    content = json.loads(path.read_text())
    content["measures"] |= measured
    del content["content_sha256"]
    write_json(path, content)
    html = render_all(results)
    card, view = html.split('id="digits-small"')
    assert '<strong class="badge diverged">92 % of units dead</strong>' in card
    assert "92 % of units dead:</strong> without a win in the last epoch" in view
    study = json.loads(re.search(r'id="study">(.*?)</script>', html, re.DOTALL)[1])
    assert study["experiments"][0]["badge"] == "92 % of units dead"


def test_the_same_results_give_the_same_bytes(results, contents):
    first = rendered(results, contents)
    made = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert rendered(results, contents) == first
    assert made == {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}


def test_nothing_but_the_page_is_made_and_no_map_is_read(results, contents):
    before = set(results.rglob("*"))
    assert not any(path.name == "model.h5" for path in before)
    rendered(results, contents)
    assert set(results.rglob("*")) == before


def test_the_pictures_that_it_is_told_of_are_shown_in_their_order(results):
    told = ["hit_map", "activity", "prototypes"]
    html = rendered(results, page.Contents({"pan-small": {"question": "?", "pictures": told}}))
    files = [f"pan-small/{PICTURES[name].file}" for name in told]
    found = re.findall(r'(?:src|href)="(pan-small/(?:figures/)?\w+\.(?:png|gif))"', html)
    assert [file for file in dict.fromkeys(found) if "thumbnail" not in file] == files


def test_the_page_says_on_what_a_map_is(results):
    contents = page.Contents({"pan-small": {"question": "?", "pictures": []}})
    told = "units, learning from made-up digits; inputs: 1 x 1 pixels."
    assert told in rendered(results, contents)
    path = results / "pan-small/measures.json"
    measured = read_json(path)
    del measured["inputs"]  # as it was measured before
    write_json(path, measured)
    assert "units, learning from made-up digits." in rendered(results, contents)


@pytest.mark.parametrize("file", ["thumbnail.png", "figures/hit_map.png"])
def test_a_picture_that_is_missing_is_said(results, contents, file):
    (results / "pan-small" / file).unlink()
    with pytest.raises(InputError, match=f"cannot read .*{file}: no such file"):
        rendered(results, contents)


def test_every_link_leads_to_a_file_or_to_a_place_in_the_page(results, contents):
    html = rendered(results, contents)
    for name in made_results.EXPERIMENTS:  # which the page need not read
        (results / name / "model.h5").touch()
        (results / name / "logs").mkdir()
    links = re.findall(r'(?:src|href|data-script)="([^"]+)"', html)
    ids = set(re.findall(r'id="([^"]+)"', html))
    assert len(links) > 50
    for link in links:
        if link.startswith("#"):
            assert {link[1:], f"view={link[1:].split('=')[0]}"} & ids, link
        elif link != "data:,":
            assert (results / link).exists(), link


def test_terms_are_those_of_the_glossary():
    glossary = (ROOT / "docs/glossary.md").read_text().replace("`", "").replace("*", "")
    for word, meaning in TERMS.items():
        assert f"| {word} | {meaning} |" in glossary, word


def test_scripts_and_readers_get_the_same_numbers(results, contents):
    html = rendered(results, contents)
    study = json.loads(re.search(r'id="study">(.*?)</script>', html, re.DOTALL)[1])
    assert [one["name"] for one in study["experiments"]] == list(made_results.EXPERIMENTS)
    small = study["experiments"][1]
    assert small["question"] == "Are <digits> & </script> whole?"
    assert "Are &lt;digits&gt; &amp; &lt;/script&gt; whole?" in html
    assert small["settings"]["lateral.strength"] == "0.1"
    assert small["values"]["held_out_mse"] == 0.02
    assert small["values"]["total_activity"] is None
    assert small["shown"]["total_activity"] == "-"
    assert list(study["measures"]) == list(page.MEASURES)


def known_to_scripts(results, contents):
    html = rendered(results, contents)
    return json.loads(re.search(r'id="study">(.*?)</script>', html, re.DOTALL)[1])


def test_scripts_know_the_seeds_of_each_map_and_their_curves(results, contents):
    replicates = made_results.REPLICATES | {"not-shown": ["not-there"]}
    study = known_to_scripts(results, replace(contents, replicates=replicates))
    seeds = {one["name"]: one["seeds"] for one in study["experiments"]}
    of = made_results.EXPERIMENTS
    assert [len(seeds[name]) for name in of] == [1, 3, 2, 1]
    first, second, third = seeds["digits-small"]
    assert (first["seed"], first["name"]) == (0, "digits-small")
    assert "values" not in first  # they are the map's
    assert first["curve"]["held_out_mse"] == made_results.CURVES["digits-small"]
    assert (second["seed"], second["name"]) == (1, "digits-small--seed-1")
    values = dict(zip(study["measures"], second["values"], strict=True))
    assert values["held_out_mse"] == second["curve"]["held_out_mse"][-1] == 0.0234568
    assert values["total_activity"] is None
    assert third["curve"] == {"epoch": [], "held_out_mse": []}


def test_scripts_know_the_quantiles_that_the_seeds_need(results, contents):
    known = known_to_scripts(results, replace(contents, replicates=made_results.REPLICATES))
    assert known["t975"] == [None, 12.7062, 4.30265]
    assert known_to_scripts(results, contents)["t975"] == [None]


def test_scripts_know_the_points_of_sweeps(results, contents):
    (sweep,) = known_to_scripts(results, contents)["sweeps"]
    assert (sweep["name"], sweep["extends"], len(sweep["points"])) == (
        "strength",
        "digits-small",
        6,
    )
    point = sweep["points"][3]
    assert (point["name"], point["seed"]) == ("strength-None-1", 1)
    assert point["settings"] == {"lateral.strength": "none"}
    assert 0.021 in point["values"]


def test_the_page_says_of_which_replicates_it_is_made(results, contents):
    name = "digits-small--seed-1"
    digest = file_digest(results / name / "measures.json")
    told = replace(contents, replicates={"digits-small": [name]})
    assert f'"{name}":"{digest}"' in rendered(results, told).replace(": ", ":").split("<head>")[0]
    (results / name / "measures.json").unlink()
    with pytest.raises(InputError, match=f"{name}.measures.json: no such file"):
        rendered(results, told)


def replicates_found(results, **options):
    """What lies there of other seeds, and the config says the same of it."""
    names = {other: name for name, others in made_results.REPLICATES.items() for other in others}
    settings = {name: notes.read(results / name / "measures.json")["settings"] for name in names}
    return {
        "experiments": {},
        "sweeps": {},
        "findings": None,
        "datasets": {"digits": {"kind": "mnist", "side": 3, "max_speed": 2.5}},
        "unknown": [],
        "options": {"measures": options},
        "replicates": {
            name: {"of": of, "settings_sha256": json_digest(settings[name])}
            for name, of in names.items()
        },
    }


def test_other_seeds_are_shown_if_they_are_what_the_config_would_make(results):
    found = replicates_found(results, side=3)
    sound = current.sort_out(results, found)
    assert sound.left_out == {}
    assert sound.replicates == made_results.REPLICATES
    on_more = current.sort_out(results, replicates_found(results, held_out=5))
    assert set(on_more.left_out.values()) == {"it was measured on another number of samples"}
    first, second = made_results.REPLICATES["digits-small"]
    found["replicates"][first]["settings_sha256"] = "of others"
    (results / second / "measures.json").write_text("{")
    sound = current.sort_out(results, found)
    assert list(sound.replicates) == ["digits-strong"]
    assert sound.left_out[first] == "its settings have changed"
    assert "damaged" in sound.left_out[second]


def test_nothing_is_said_of_other_seeds_of_a_map_that_is_left_out(results):
    found = replicates_found(results)
    of_map = {"settings_sha256": "of others", "question": "?", "pictures": []}
    found["experiments"] = dict.fromkeys(made_results.REPLICATES, of_map)
    sound = current.sort_out(results, found)
    assert list(sound.left_out) == list(made_results.REPLICATES)
    assert sound.replicates == {}


@pytest.mark.parametrize("change", [{"settings": "{}"}, {"curve": {"epoch": [0]}}])
def test_a_replicate_that_lacks_something_is_an_error(results, contents, change):
    path = results / "digits-small--seed-1" / "measures.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(InputError, match=f"{path.parent.name}.*lacks|incomplete"):
        rendered(results, replace(contents, replicates=made_results.REPLICATES))


def test_the_chain_can_be_followed_from_a_map_to_the_raw_data(results, contents):
    html = rendered(results, contents)
    for name in ("pan", "tapestry", "digits"):
        (digest,) = set(re.findall(rf'<a href="#data={name}">([0-9a-f]{{64}})</a>', html))
        described = html[html.index(f'id="data={name}"') :].split("</details>")[0]
        assert f"<td>{digest}</td>" in described  # where it leads to, it is no link
        assert "c" * 40 in described
        assert "side 3, max speed 2.5" in described
    assert "from train-images (sha256)" in described
    assert "e" * 64 in described
    for part in ("these verdicts", "this sweep", "this map", "this data set"):
        assert f"Where {part} comes from" in html
    assert f"commit {'c' * 40}. Click" in html


def test_nothing_is_shown_of_what_there_is_not(results):
    html = rendered(results, page.Contents(made_results.shown(["pan-small"])))
    for absent in ('id="view=findings"', 'id="view=sweeps"', "<h2></h2>", "Further experiments"):
        assert absent not in html


def test_baselines_are_shown_of_the_map_that_they_were_compared_with(results, contents):
    content = made_results.BASELINES
    write_json(results / "digits-small" / "baselines.json", content)
    told = replace(contents, baselines={"digits-small": "the digest", "not-shown": None})
    shown = rendered(results, told)
    rows = re.findall(r"<tr><th scope=.row.>([^<]*)</th><td><svg.*?</svg></td>(.*?)</tr>", shown)
    assert [label for label, _ in rows] == ["this map", "k-means &lt;16&gt;", "blown up"]
    numbers = re.findall(r">([^<]+)</td>", rows[0][1])
    assert numbers == ["0.0200", "5", "5", "1,600", "12%", "-", "-"]
    # From 0 to the largest; the map's own is the dashed line in each.
    assert shown.count('class="threshold" d="M25.0 0V16"') == 3
    assert re.findall(r'cx="([\d.]+)" cy="8"', shown) == ["25.0", "100.0"]
    assert file_digest(results / "digits-small/baselines.json") in shown.split("<head>")[0]
    # Since then it was trained anew.
    other = {**content, "model_sha256": "3" * 64}
    write_json(results / "digits-small" / "baselines.json", other)
    assert "Baselines" not in rendered(results, told)
    write_json(results / "digits-small" / "baselines.json", {**content, "baselines": [{}]})
    with pytest.raises(InputError, match=r"digits-small.baselines.json.*label"):
        rendered(results, told)


def test_a_group_that_lacks_something_is_an_error(results, contents):
    with pytest.raises(InputError, match="groups: each needs name, about and experiments"):
        contents = page.Contents(made_results.shown(["pan-small"]), groups=[{"name": "a"}])
        page.render(results, contents, made_results.ORIGIN)


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (None, ".4f", "-"),
        (-0.001, ".2f", "0.00"),
        (0.1225, ".1%", "12.2%"),
        (1000, ",d", "1,000"),
        (1000.0, ",d", "1,000"),
    ],
)
def test_numbers_as_they_are_written(value, form, expected):
    assert page._written(value, form) == expected


def test_measures_to_compare_with_exist():
    for measure in page.MEASURES.values():
        assert measure.null is None or measure.null in page.MEASURES
    assert set(study.KEY_MEASURES) <= set(page.MEASURES)
