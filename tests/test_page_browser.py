"""The page in a real browser, headless Chromium, opened from a file as a reader opens it."""

import base64
import copy
import io
import shutil
import threading
import zlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import made_results
import numpy as np
import pytest
from PIL import Image

from topodream.files.storage import write_text
from topodream.page import page, site
from topodream.pictures import player as player_files

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
# The first has no window to draw, and takes a third of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"none of {', '.join(NAMES)} is installed")

# Chromium itself is to ask nobody for anything, and root may run it.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ALL = list(made_results.EXPERIMENTS)
VIEWS = [
    "",
    "#view=overview&as=table&columns=held_out_mse,total_activity,mass_ratio",
    "#view=overview&sort=held_out_mse",
    "#laboratory=digits-small",
    "#digits-small",
    "#dream-wild",
    "#compare=digits-small,dream-wild",
    "#charts=curves",
    "#charts=scatter&with=logx,seeds,points",
    "#view=findings",
    "#view=sweeps",
    "#view=data",
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def results(tmp_path_factory, shipped_config):
    folder = tmp_path_factory.mktemp("page") / "it's a #folder"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(player_files, "GROUP_BYTES", 40 * 40 * 90)  # of sixty frames
        made_results.make(folder, shipped_config)
    contents = page.Contents(
        experiments=made_results.shown(),
        datasets=["digits", "tapestry", "pan"],
        groups=made_results.GROUPS,
        findings=folder / "findings.json",
        sweeps=["strength"],
    )
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder


@pytest.fixture
def visit(browser, results):
    """A function that opens the page at a view. What the browser complains of is an error."""
    contexts, complaints = [], []

    def opened(view="", width=1280, folder=results, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(5000)
        tab.asked = []
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto((folder / "index.html").as_uri() + view)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def led(browser, results):
    """One tab for each width, opened once, and what the browser complained of."""
    tabs, complaints = {}, []

    def opened(width):
        if width not in tabs:
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.set_default_timeout(5000)
            tab.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.goto((results / "index.html").as_uri())
            tabs[width] = tab
        return tabs[width]

    yield opened, complaints
    for tab in tabs.values():
        tab.close()


@pytest.fixture
def look(led, results):
    """As `visit`, but a reader goes on from view to view: for who changes nothing that stays."""
    opened, complaints = led

    def at(view, width=1280):
        tab = opened(width)
        tab.goto((results / "index.html").as_uri() + (view or "#view=overview"))
        return tab

    yield at
    assert complaints == []


def shown_cards(tab):
    return tab.locator(".card:visible h3").all_inner_texts()


def field(tab, name):
    return tab.locator(f"#filter [name={name}]")


def title(tab):
    return tab.locator("h1:visible").inner_text()


def arrive(tab, name):
    """Wait for a view by its title."""
    tab.locator("h1:visible", has_text=name).wait_for()


def focused(tab):
    return tab.evaluate("document.activeElement.innerText")


def has_no_overflow(tab):
    return tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


# ------------------------------------------------------------------ long names

LONG = ("x" * 40 + "-a-name-as-long-as-names-may-be-of-experiments")[:80]


@pytest.fixture(scope="module")
def with_long_names(tmp_path_factory, shipped_config):
    """Results whose names, questions, findings and sweeps are as long as they may be."""
    folder = tmp_path_factory.mktemp("long")
    names = {name: LONG[: -len(name)] + name for name in made_results.EXPERIMENTS}
    with pytest.MonkeyPatch.context() as patch:
        sections = {
            names[name]: {
                **section,
                "question": "word" * 60,
                "extends": names.get(section["extends"], section["extends"]),
            }
            for name, section in made_results.EXPERIMENTS.items()
        }
        dead = {names["digits-strong"]: {"held_out_mse": 0.03, "dead_in_training": 0.92}}
        measures = {names[name]: values for name, values in made_results.MEASURES.items()}
        patch.setattr(made_results, "EXPERIMENTS", sections)
        patch.setattr(made_results, "MEASURES", measures | dead)
        sweep = copy.deepcopy(made_results.SWEEP)
        sweep["question"] = sweep["extends"] = "word" * 60
        for point, name in zip(sweep["points"], names.values(), strict=False):
            point |= {"name": name, "line": f"dataset = {'word_' * 40}"}
        patch.setattr(made_results, "SWEEP", sweep)
        found = copy.deepcopy(made_results.FINDINGS)
        for finding in found["findings"]:
            finding |= dict.fromkeys(("said", "because", "source"), "word" * 60)
            for claim in finding["claims"]:
                claim |= {"text": "word" * 60, "experiments": list(names.values())}
        patch.setattr(made_results, "FINDINGS", found)
        made_results.make(folder, shipped_config)
        contents = page.Contents(
            experiments=made_results.shown(sections),
            datasets=["digits"],
            groups=[
                {"name": "word" * 60, "about": "word" * 60, "experiments": [names["pan-small"]]}
            ],
            findings=folder / "findings.json",
            sweeps=["strength"],
        )
        write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder, names


@pytest.mark.parametrize("width", [1280, 360])
def test_long_names_are_shown_whole_on_every_view(visit, with_long_names, width):
    folder, names = with_long_names
    strong, wild = names["digits-strong"], names["dream-wild"]
    views = [
        "", "#view=overview&as=table", f"#{strong}", f"#compare={strong},{wild}",
        "#view=findings", "#view=sweeps", "#view=data",
    ]  # fmt: skip
    for view in views:
        tab = visit(view, width, folder)
        tab.wait_for_load_state()
        tab.evaluate(OPEN_ALL)
        assert has_no_overflow(tab), (view, tab.evaluate(BEYOND))
        assert tab.evaluate(CUT_OFF) == [], view


OPEN_ALL = """() => {
  const closed = () => [...document.querySelectorAll("details:not([open])")].filter((one) => one.checkVisibility());
  for (let found = closed(); found.length > 0; found = closed())
    for (const one of found) one.open = true;
}"""
BEYOND = """[...document.querySelectorAll("main *")]
  .filter((one) => one.checkVisibility() && !one.closest(".scroll, .skip, svg"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.outerHTML.slice(0, 120))"""
# What is wider than the box it stands in, where that doesn't scroll.
CUT_OFF = """[...document.querySelectorAll("h1, h2, h3, p, a, td, th, dt, dd, label, .badge")]
  .filter((one) => one.checkVisibility() && !one.closest(".scroll, .skip, svg"))
  .filter((one) => one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right + 1)
  .map((one) => one.tagName + ": " + one.textContent.slice(0, 40))"""


@pytest.mark.parametrize(("width", "most"), [(1280, 700), (360, 260)])
def test_numbers_stay_in_sight_beside_long_names(visit, with_long_names, width, most):
    folder, _ = with_long_names
    tab = visit("#view=overview&as=table", width, folder)
    assert tab.locator("#table td").first.bounding_box()["x"] < most
    # Neither name nor badge lies on the numbers.
    for part in tab.locator("#table tbody th > *").all():
        box = part.bounding_box()
        cell = part.locator("xpath=..").bounding_box()
        assert box["x"] + box["width"] <= cell["x"] + cell["width"] + 1


def test_a_map_mostly_dead_is_marked_on_card_table_and_comparison(visit, with_long_names):
    folder, names = with_long_names
    strong, small = names["digits-strong"], names["digits-small"]
    for view in ("", "#view=overview&as=table", f"#compare={strong},{small}"):
        badges = visit(view, folder=folder).locator(".badge:visible", has_text="dead")
        assert set(badges.all_inner_texts()) == {"92 % of units dead"}
    warning = visit(f"#{strong}", folder=folder).locator(".warning:visible")
    assert warning.inner_text() == "92 % of units dead: without a win in the last epoch."


# ------------------------------------------------------------------ overview


def test_overview_shows_every_map_in_its_group(visit):
    tab = visit()
    assert title(tab) == "4 trained maps"
    assert shown_cards(tab) == ALL
    groups = tab.locator(".group:visible h2").all_inner_texts()
    assert groups == ["Windows", "Digits", "Further experiments"]
    card = tab.locator(".card", has_text="dream-wild")
    assert card.locator(".badge").inner_text() == "diverged at step 1,082"
    assert "9000.5000 against 0.0691" in card.inner_text().replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DIGITS-s", ["digits-small", "digits-strong"]),  # a name, in whatever case
        ("blow", ["dream-wild"]),  # a question
        ("lateral.strength 0.3", ["digits-strong"]),  # a setting
        ("digits & whole", ["digits-small"]),  # every word
        ("diverged", ["dream-wild"]),
    ],
)
def test_search(visit, text, found):
    tab = visit()
    field(tab, "text").fill(text)
    assert shown_cards(tab) == found
    assert tab.locator("#count").inner_text() == f"{len(found)} of 4 maps"
    tab.reload()
    assert shown_cards(tab) == found


def test_filters_of_model_and_data_add_up(visit):
    tab = visit()
    field(tab, "model").select_option("mwta")
    assert shown_cards(tab) == ALL[:3]
    field(tab, "dataset").select_option("digits")
    assert shown_cards(tab) == ["digits-small", "digits-strong"]
    assert tab.locator(".group:visible h2").all_inner_texts() == ["Digits"]
    field(tab, "model").select_option("sparse_dream")
    field(tab, "dataset").select_option("pan")
    assert shown_cards(tab) == []
    tab.get_by_role("button", name="Show all").click()
    assert shown_cards(tab) == ALL


@pytest.mark.parametrize("shown_as", ["grid", "table"])
@pytest.mark.parametrize(
    ("measure", "order", "expected"),
    [
        ("held_out_mse", "up", ["digits-small", "digits-strong", "pan-small", "dream-wild"]),
        ("held_out_mse", "down", ["dream-wild", "pan-small", "digits-strong", "digits-small"]),
        # What has no value comes last either way; 0 is a value.
        ("dead_in_training", "up", ["digits-strong", "digits-small", "pan-small", "dream-wild"]),
        ("dead_in_training", "down", ["pan-small", "digits-small", "digits-strong", "dream-wild"]),
    ],
)
def test_sort(visit, measure, order, expected, shown_as):
    tab = visit()
    field(tab, "sort").select_option(measure)
    field(tab, "order").select_option(order)
    tab.get_by_label(shown_as, exact=True).check()
    places = {"grid": ".card:visible h3", "table": "#table tbody th a"}
    assert tab.locator(places[shown_as]).all_inner_texts() == expected
    field(tab, "sort").select_option("")
    assert tab.locator(places[shown_as]).all_inner_texts() == ALL


def test_the_best_come_first_and_cards_say_what_they_are_sorted_by(visit):
    tab = visit()
    field(tab, "sort").select_option("neighbour_correlation")  # higher is better
    assert shown_cards(tab)[0] == "digits-strong"
    field(tab, "sort").select_option("held_out_samples")
    assert "held-out samples\n1,000" in tab.locator(".card:visible").first.inner_text()


def test_table_has_the_measures_asked_for_with_what_to_compare_them_with(visit):
    tab = visit()
    tab.get_by_label("table", exact=True).check()

    def heads():
        return tab.locator("#table th[scope=col]").all_inner_texts()[1:]

    assert heads() == [
        "held-out error", "error of the mean image", "correlation of neighbours",
        "correlation of random pairs", "dead units, training",
    ]  # fmt: skip
    tab.get_by_text("Choose measures").click()
    tab.locator("#columns").get_by_label("correlation of neighbours").uncheck()
    tab.locator("#columns").get_by_label("error of the mean image").check()
    tab.locator("#columns").get_by_label("mass ratio", exact=True).check()
    expected = [
        "held-out error", "error of the mean image", "mass ratio", "dead units, training"
    ]  # fmt: skip
    assert heads() == expected
    cells = tab.locator("#table tbody tr").nth(1).locator("td").all_inner_texts()
    assert cells == ["0.0200", "0.0691", "-", "25.0%"]
    tab.reload()
    assert heads() == expected


def test_a_click_on_a_heading_sorts_another_turns_it_round(visit):
    tab = visit("#view=overview&as=table")
    heading = tab.get_by_role("button", name="held-out error")
    heading.click()
    names = tab.locator("#table tbody th a")
    assert names.first.inner_text() == "digits-small"
    assert tab.locator("th[aria-sort=ascending]").count() == 1
    tab.keyboard.press("Enter")  # it has kept the focus
    assert names.first.inner_text() == "dream-wild"
    assert tab.locator("th[aria-sort=descending]").count() == 1


# ------------------------------------------------------------------ views and addresses


def test_back_leads_to_the_overview_as_it_was_left(visit):
    tab = visit()
    field(tab, "text").fill("digits-s")
    tab.get_by_role("link", name="digits-strong").click()
    arrive(tab, "digits-strong")
    assert title(tab) == focused(tab) == "digits-strong"
    assert tab.title() == "digits-strong: topodream"
    tab.go_back()
    arrive(tab, "trained maps")
    assert shown_cards(tab) == ["digits-small", "digits-strong"]
    assert focused(tab) == "digits-strong"
    assert field(tab, "text").input_value() == "digits-s"
    tab.go_forward()
    arrive(tab, "digits-strong")


@pytest.mark.parametrize("view", ["#nonsense", "#view=nonsense", "#%", "#compare"])
def test_an_address_that_means_nothing_leads_somewhere(visit, view):
    tab = visit(view)
    assert title(tab) in ("4 trained maps", "Compare two maps")


def test_links_between_views(visit):
    tab = visit()
    for name in ("Findings", "Sweeps", "Data", "Compare", "Experiments"):
        tab.get_by_role("navigation").get_by_role("link", name=name).click()
        tab.locator("nav [aria-current=page]", has_text=name).wait_for()
        assert tab.locator(".view:visible").count() == 1
    tab.get_by_role("link", name="digits-small").click()
    tab.locator(".view:visible").get_by_role("link", name="next").click()
    arrive(tab, "digits-strong")
    tab.locator(".view:visible").get_by_label("Compare with").select_option("pan-small")
    tab.locator(".view:visible").get_by_role("button", name="Compare").click()
    arrive(tab, "Compare two maps")
    assert tab.url.endswith("#compare=digits-strong,pan-small")


def test_keyboard_alone_skips_the_links_and_opens_a_map(visit):
    tab = visit()
    tab.keyboard.press("Tab")
    assert focused(tab) == "To the content"
    tab.keyboard.press("Enter")
    assert focused(tab) == title(tab)
    for _ in range(40):
        tab.keyboard.press("Tab")
        if focused(tab) == "digits-small":
            break
    tab.keyboard.press("Enter")
    arrive(tab, "digits-small")
    tab.locator(".skip").focus()
    tab.keyboard.press("Enter")
    assert focused(tab) == title(tab) == "digits-small"


@pytest.mark.parametrize("view", VIEWS)
def test_phone_width_needs_no_sideways_scrolling(look, view):
    tab = look(view, width=400)
    assert has_no_overflow(tab)
    for closed in tab.locator("details:visible").all():
        closed.evaluate("element => { element.open = true; }")
    assert has_no_overflow(tab)


@pytest.mark.parametrize("view", VIEWS)
def test_everything_to_operate_has_a_name(look, view):
    tab = look(view)
    tree = tab.locator("body").aria_snapshot()
    operable = ("button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "radio")
    lines = [line.strip(" -") for line in tree.splitlines()]
    found = [line for line in lines if line.split()[0].rstrip(":") in operable]
    assert found
    assert [line for line in found if '"' not in line and "/" not in line] == []
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_without_scripts_all_is_there_to_read(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("section.experiment:visible").count() == 4
    assert tab.locator("#digits-small a[href='digits-small/activity.gif'] img").count() == 1
    assert tab.locator("form:visible, select:visible").count() == 0
    assert tab.locator(".finding:visible").count() == 3


# ------------------------------------------------------------------ player


@pytest.fixture
def player(visit):
    """A map's page with its player in sight and loaded, not moving; and the GIF's frames."""
    tab = visit("#digits-small", reduced_motion="reduce")
    tab.locator("canvas:visible").scroll_into_view_if_needed()
    tab.locator("output:text-is('1 / 60')").wait_for()
    return tab


def wait_for_frame(tab, number):
    """Wait until the player has come to a frame, or beyond it."""
    tab.wait_for_function(
        "number => parseInt(document.querySelector('.current output').value) >= number", arg=number
    )


def frame_shown(tab):
    text = tab.locator("output").inner_text()
    assert tab.get_by_role("slider").input_value() == str(int(text.split()[0]) - 1)
    return text


def deflated(content):
    """Bytes as a script of the page has them."""
    return base64.b64encode(zlib.compress(content)).decode()


def test_player_draws_every_frame_as_the_browsers_own_decoder_does(player, results):
    assert player.evaluate("players[0].frames.groups.length") == 2  # as the fixture has it
    gif = deflated((results / "digits-small/activity.gif").read_bytes())
    wrong = player.evaluate(
        """async (gif) => {
             const [{ canvas, frames, clock: { slider } }] = players;
             const decoder = new ImageDecoder({ data: await inflate(gif), type: "image/gif" });
             await Promise.all([decoder.completed, decoder.tracks.ready]);
             const track = decoder.tracks.selectedTrack;
             if (track.frameCount !== frames.length) return [track.frameCount];
             const pixelsOf = (source) => {
               const copy = new OffscreenCanvas(canvas.width, canvas.height);
               const context = copy.getContext("2d", { willReadFrequently: true });
               context.drawImage(source, 0, 0);
               return context.getImageData(0, 0, copy.width, copy.height).data.join();
             };
             const wrong = [];
             // Forwards, then back and forth: frames are built on those before.
             for (const number of [...Array(60).keys(), 3, 57, 41, 39, 40, 0]) {
               slider.value = number;
               slider.dispatchEvent(new Event("input"));
               await players[0].painted;
               const { image } = await decoder.decode({ frameIndex: number });
               if (pixelsOf(canvas) !== pixelsOf(image)) wrong.push(number);
               if (image.duration !== 1000 * frames.delays[number]) wrong.push(-number);
             }
             return wrong;
           }""",
        gif,
    )
    assert wrong == []


def test_a_player_keeps_few_groups_and_draws_what_was_asked_for_last(player):
    kept = player.evaluate(
        """async () => {
             const [one] = players;
             const { groups, every } = one.frames;
             one.frames.groups = Array(9).fill(groups[0]);
             one.frames.delays = Array(9 * every).fill(40);
             for (const group of [0, 5, 3, 8, 1, 3]) one.clock.go(group * every + group);
             await one.painted;
             const pixels = await one.frames.at(3);
             const drawn = new Uint32Array(one.image.data.buffer);
             if (!drawn.every((colour, at) => colour === one.frames.colours[pixels[at]])) return "wrong";
             return [...one.frames.unpacked.keys()];
           }"""
    )
    assert kept == [1, 3, 0]


def saved(tab):
    """Save what the player shows as a GIF; return its bytes."""
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as GIF").click()
    assert download.value.suggested_filename == "digits-small-activity.gif"
    return download.value.path().read_bytes()


def test_a_saved_gif_is_the_one_that_the_site_leaves_out(player, results):
    player.evaluate("document.documentElement.classList.add('site')")
    content = saved(player)
    with (
        Image.open(io.BytesIO(content)) as made,
        Image.open(results / "digits-small/activity.gif") as expected,
    ):
        assert made.info["version"] == b"GIF89a"
        assert made.info["loop"] == 0
        assert made.info["comment"] == expected.info["comment"]
        assert made.n_frames == expected.n_frames == 60
        for number in range(60):
            made.seek(number)
            expected.seek(number)
            assert made.info["duration"] == expected.info["duration"]
            assert made.convert("RGB").tobytes() == expected.convert("RGB").tobytes(), number


def test_compressed_pixels_are_what_others_read(visit):
    """Codes grow with the strings that are known, and begin anew when the table is full."""
    rng = np.random.default_rng(0)
    lengths = (1, 2, 254, 255, 256, 3838, 3839, 3840, 3841, 40_000)
    rows = [rng.integers(most, size=n, dtype=np.uint8) for n in lengths for most in (1, 2, 256)]
    gifs = visit().evaluate(
        """(rows) => Promise.all(rows.map(async (row) => {
             const pixels = await inflate(row);
             const shape = { width: pixels.length, height: 1, length: 1 };
             const palette = Uint8Array.from({ length: 768 }, (_, at) => at / 3);
             const one = { ...shape, palette, comment: "x".repeat(300), delays: [20] };
             const gif = await gifOf({ ...one, at: async () => pixels });
             const bytes = new Uint8Array(await gif.arrayBuffer());
             return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
           }))""",
        [deflated(row.tobytes()) for row in rows],
    )
    for row, gif in zip(rows, gifs, strict=True):
        with Image.open(io.BytesIO(gif.encode("latin-1"))) as image:
            np.testing.assert_array_equal(np.asarray(image.convert("L"))[0], row)
            assert image.info["comment"] == b"x" * 300


def test_player_stands_still_for_who_wants_less_motion_and_plays_when_asked(player):
    assert player.get_by_role("button", name="Play").count() == 1
    player.wait_for_timeout(200)
    assert frame_shown(player) == "1 / 60"
    player.get_by_role("button", name="Play").click()
    wait_for_frame(player, 4)


def test_player_plays_by_itself_and_pauses(visit):
    tab = visit("#digits-small")
    tab.locator("canvas:visible").scroll_into_view_if_needed()
    wait_for_frame(tab, 5)
    tab.get_by_role("button", name="Pause").click()
    paused = frame_shown(tab)
    tab.wait_for_timeout(300)
    assert frame_shown(tab) == paused


def test_player_by_keyboard(player):
    player.locator(".player canvas").focus()
    for key, expected in [("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("ArrowLeft", 1),
                          ("ArrowLeft", 60), ("ArrowRight", 1)]:  # fmt: skip
        player.keyboard.press(key)
        assert frame_shown(player) == f"{expected} / 60"
    top = player.evaluate("scrollY")
    player.keyboard.press(" ")
    player.get_by_role("button", name="Pause").wait_for()
    player.keyboard.press(" ")
    player.get_by_role("button", name="Play").wait_for()
    assert player.evaluate("scrollY") == top
    player.get_by_role("slider").focus()
    at = int(frame_shown(player).split()[0])
    player.keyboard.press("ArrowRight")
    assert frame_shown(player) == f"{at + 1} / 60"


def test_player_speed(player):
    def seconds_to_frame_21():
        player.get_by_role("slider").fill("0")
        player.get_by_role("button", name="Play").click()
        return player.evaluate(
            """async () => {
                 const start = performance.now();
                 while (Number(document.querySelector(".current output").value.split(" ")[0]) < 21)
                   await new Promise(requestAnimationFrame);
                 return (performance.now() - start) / 1000;
               }"""
        )

    usual = seconds_to_frame_21()  # 20 x 40 ms
    assert usual > 0.7
    player.get_by_label("speed").select_option("4")
    assert seconds_to_frame_21() < usual / 2


def test_a_player_out_of_sight_holds_nothing(visit):
    tab = visit("#digits-small")
    tab.locator("canvas:visible").scroll_into_view_if_needed()
    wait_for_frame(tab, 2)
    tab.get_by_role("link", name="Findings").click()
    arrive(tab, "Findings")
    assert tab.locator(".player").count() == 0


def test_a_missing_script_is_said_where_the_player_is(browser, results, tmp_path):
    folder = shutil.copytree(results, tmp_path / "copy")
    (folder / "digits-small" / "activity.gif.js").unlink()
    tab = browser.new_page()
    tab.set_default_timeout(5000)
    tab.goto((folder / "index.html").as_uri() + "#digits-small")
    tab.locator(".player canvas").scroll_into_view_if_needed()
    tab.get_by_text("digits-small/activity.gif.js is missing").wait_for()
    tab.close()


# ------------------------------------------------------------------ a site


@pytest.fixture(scope="module")
def site_folder(results, tmp_path_factory):
    """The site as who got it unpacks it."""
    folder = tmp_path_factory.mktemp("sent") / "a folder"
    packed = site.pack(results / "index.html", folder.parent / "site.zip", made_results.ORIGIN)
    shutil.unpack_archive(folder.parent / "site.zip", folder)
    files = [path for path in (folder / "site").rglob("*") if path.is_file()]
    assert len(files) == packed.n_files
    return folder / "site"


@pytest.fixture(params=["file", "http"])
def base(request, site_folder):
    """The site's address: of its folder, and of a web server."""
    if request.param == "file":
        yield f"{site_folder.as_uri()}/"
        return
    handler = partial(SilentHandler, directory=site_folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, *_):
        """Drop it."""


# All that a person can follow, or that is loaded, by its whole address.
SHOWN_LINKS = """[...document.querySelectorAll("[href], [src], [data-script]")]
  .filter((one) => !one.closest(".local"))
  .flatMap((one) => [one.getAttribute("href"), one.getAttribute("src"), one.dataset.script])
  .filter((link) => link && !link.startsWith("#") && !link.startsWith("data:"))
  .map((link) => new URL(link, document.baseURI).href)"""


def test_a_site_lacks_nothing_and_leads_nowhere_else(browser, base, site_folder):
    context = browser.new_context(reduced_motion="reduce")
    tab, wrong = context.new_page(), []
    tab.set_default_timeout(5000)
    # Who goes on to another view needs what the one before was loading no more.
    failed = lambda one: None if "ABORTED" in one.failure else wrong.append(one.url)  # noqa: E731
    tab.on("requestfailed", failed)
    tab.on("response", lambda one: None if one.status in (0, 200, 304) else wrong.append(one.url))
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    for view in VIEWS:
        tab.goto(f"{base}index.html{view}")
        tab.wait_for_load_state("networkidle")
        assert tab.locator(".local:visible").count() == 0, view
        for link in tab.evaluate(SHOWN_LINKS):
            assert link.startswith(base), (view, link)
            name = unquote(link.removeprefix(base).split("#")[0])
            assert (site_folder / name).is_file(), (view, link)
    tab.goto(f"{base}index.html#digits-small")
    tab.locator("canvas:visible").first.scroll_into_view_if_needed()
    tab.locator("output:text-is('1 / 60')").wait_for()
    tab.get_by_role("button", name="Save as GIF").first.wait_for()
    context.close()
    assert wrong == []


def test_a_page_with_its_gifs_offers_these_and_makes_none(player):
    assert player.get_by_role("button", name="Save as GIF").count() == 0
    link = player.locator(".current figcaption a.local:visible")
    assert link.get_attribute("href") == "digits-small/activity.gif"


# ------------------------------------------------------------------ findings, sweeps, weight


def test_findings_show_verdicts_numbers_and_plots(visit):
    tab = visit("#finding=second")
    assert title(tab) == "Findings"
    assert "1" in tab.locator(".tally", has_text="does not hold").inner_text()
    finding = tab.locator(".finding").nth(0)
    assert finding.locator("header .badge").inner_text() == "✓ holds"
    assert "mean 0.35, 95 % interval 0.25 to 0.45, 3 seeds" in finding.inner_text()
    assert "Effect: as claimed; without one it would be 0." in finding.inner_text()
    assert finding.locator(".without").count() == 1
    assert finding.locator("circle").count() == 3
    assert finding.locator("a:not(.term)").all_inner_texts() == ["digits-small"]
    third = tab.locator(".finding").nth(2)
    assert "Undecided: Seeds differ." in third.inner_text()
    assert third.locator(".claim").nth(0).locator("circle, .mean, .interval").count() == 0
    box = third.locator("svg").nth(0).bounding_box()
    assert box["height"] > 50


def test_sweeps_show_picture_and_points(visit):
    tab = visit("#view=sweeps")
    assert tab.locator(".sweep img").evaluate("image => image.naturalWidth") == 900
    tab.get_by_text("All 6 trainings").click()
    rows = tab.locator(".sweep tbody tr").all_inner_texts()
    assert rows[0] == "0.1\t0\t0.0200\t10.0%"
    assert rows[2].startswith("none\t")
    assert rows[5] == "0.5 diverged\t1\t0.0210\t-"


def test_a_view_loads_its_own_pictures_alone(visit):
    tab = visit("#view=sweeps")
    tab.wait_for_load_state("networkidle")
    assert [url.rsplit("/", 1)[1] for url in tab.asked[1:]] == ["strength.png"]


def test_thirty_maps_open_at_once(visit, results, tmp_path):
    folder = shutil.copytree(results, tmp_path / "thirty")
    names = [f"map-{number}" for number in range(30)]
    for name in names:
        shutil.copytree(folder / "digits-small", folder / name)
    contents = page.Contents(made_results.shown(names))
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    took = []
    for _ in range(3):
        tab = visit(folder=folder)
        tab.wait_for_load_state("networkidle")
        pictures = [url for url in tab.asked if url.endswith((".png", ".gif", ".js"))]
        assert 0 < len(pictures) <= 30
        assert all(url.endswith("/thumbnail.png") for url in pictures)
        timing = "performance.timing.loadEventEnd - performance.timing.navigationStart"
        took.append(tab.evaluate(timing))
    assert min(took) < 1000  # milliseconds
