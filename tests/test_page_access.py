"""The page for every person: by keyboard, touch and screen reader, in the dark, on a phone, on paper."""

import os
from pathlib import Path

import pytest
from test_page_browser import VIEWS, arrive, browser, led, look, results, title, visit

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from test_page_browser import pytestmark

__all__ = ["browser", "led", "look", "pytestmark", "results", "visit"]  # fixtures

# Where `npm install axe-core` puts it, in the project's folder or wherever the variable says.
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core")) / "axe.min.js"
ALL_VIEWS = [*VIEWS, "#view=compare", "#view=terms"]
SCHEMES = ["light", "dark"]


def go(tab, view):
    tab.evaluate("hash => { location.hash = hash; }", view)
    tab.wait_for_timeout(50)


# ------------------------------------------------------------------ what others have found out


@pytest.mark.skipif(not AXE.exists(), reason=f"there is no {AXE} (npm install axe-core)")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing(visit, scheme, width):
    tab = visit("", width, color_scheme=scheme, reduced_motion="reduce")
    tab.add_script_tag(path=AXE)
    # The contrast of texts takes most of the time, and depends on the scheme alone.
    contrast = (scheme == "light") == (width == 1280)
    options = {"resultTypes": ["violations"], "preload": False,
               "rules": {"color-contrast": {"enabled": contrast}}}  # fmt: skip
    for view in ALL_VIEWS:
        if view == "#digits-small":
            continue  # has nothing that #dream-wild hasn't
        go(tab, view or "#view=overview")
        tab.evaluate("for (const one of $$('details', current)) one.open = true")
        found = tab.evaluate(
            "options => axe.run(document, options).then((result) => result.violations)", options
        )
        assert [
            (one["id"], node["target"], node["failureSummary"])
            for one in found
            for node in one["nodes"]
        ] == [], view


# ------------------------------------------------------------------ colours

# The contrast of two colours, and the ground that an element lies on.
CONTRAST = """
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3)
    .map((byte) => byte / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0.05);
  const contrast = (one, other) => {
    const [a, b] = [light(one), light(other)];
    return Math.max(a, b) / Math.min(a, b);
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
"""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("view", ["", "#digits-small", "#view=findings", "#view=sweeps"])
def test_what_has_the_focus_has_a_ring_that_is_seen(visit, scheme, view):
    tab = visit(view, color_scheme=scheme, reduced_motion="reduce")
    for _ in range(40):
        tab.keyboard.press("Tab")
        ring = tab.evaluate(
            f"""() => {{
              {CONTRAST}
              const at = document.activeElement;
              const shown = [at, ...at.children].map((one) => getComputedStyle(one))
                .filter((style) => style.outlineStyle === "solid" && style.outlineColor !== "transparent")
                .filter((style) => parseFloat(style.outlineWidth) >= 2);
              const beside = (style) => [ // the element itself, but where there is a gap
                ...(parseFloat(style.outlineOffset) > 0 ? [] : [ground(at)]), ground(at.parentElement)];
              const least = shown.map((style) =>
                Math.min(...beside(style).map((each) => contrast(style.outlineColor, each))));
              return [at === document.body ? 21 : Math.max(0, ...least), at.outerHTML.slice(0, 80)];
            }}"""
        )
        assert ring[0] >= 3, ring


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_lie_on_white_paper_in_the_dark_too(visit, scheme):
    tab = visit("#digits-small", color_scheme=scheme)
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 31)"}[scheme]
    for picture in tab.locator(".picture img, .picture canvas").all():
        colour = picture.evaluate("element => getComputedStyle(element).backgroundColor")
        assert colour == "rgb(255, 255, 255)"


# ------------------------------------------------------------------ keyboard


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("view", ["", "#view=findings", "#digits-small"])
def test_nothing_is_focused_under_a_bar(visit, view, back):
    tab = visit(reduced_motion="reduce")
    tab.set_viewport_size({"width": 700, "height": 420})
    for name in ("pan-small", "digits-strong"):
        tab.locator(f"[data-pick={name}]").check()
    go(tab, view)
    if back:
        tab.locator("footer").evaluate("footer => { footer.tabIndex = -1; footer.focus(); }")
    for _ in range(45):
        tab.keyboard.press("Shift+Tab" if back else "Tab")
        covered = tab.evaluate(
            """() => {
              const at = document.activeElement, box = at.getBoundingClientRect();
              const bars = [document.querySelector(".top"), document.querySelector("#tray")];
              const over = (bar) => {
                const rect = bar.getBoundingClientRect();
                return bar.checkVisibility() && !bar.contains(at) && !at.matches(".skip")
                  && box.top < rect.bottom - 1 && box.bottom > rect.top + 1;
              };
              const tall = box.height > innerHeight / 2;
              return at === document.body || tall ? [] : bars.filter(over).map((bar) =>
                `${bar.className} over ${at.outerHTML.slice(0, 90)}`);
            }"""
        )
        assert covered == []


def test_two_ticked_maps_are_one_key_away_from_being_compared(visit):
    tab = visit()
    tab.locator("[data-pick=pan-small]").focus()
    tab.keyboard.press("Space")
    for _ in range(10):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.dataset.pick") == "digits-strong":
            break
    tab.keyboard.press("Space")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.innerText") == "with pan-small"
    tab.keyboard.press("Enter")
    arrive(tab, "Compare two maps")
    assert tab.url.endswith("#compare=digits-strong,pan-small")


def test_links_to_a_comparison_go_with_the_ticks(visit):
    tab = visit()
    links = tab.locator(".pick-with")
    tab.locator("[data-pick=pan-small]").check()
    assert links.count() == 0
    tab.locator("[data-pick=digits-small]").check()
    assert links.all_inner_texts() == ["with digits-small", "with pan-small"]
    for link in links.all():  # on a line of its own, which it fits into
        text = link.evaluate("link => [link.scrollWidth, link.clientWidth, link.offsetHeight]")
        assert text[0] <= text[1]
        assert text[2] < 30
    tab.locator("[data-pick=digits-strong]").check()  # in place of the first
    assert links.all_inner_texts() == ["with digits-strong", "with digits-small"]
    tab.locator("[data-pick=digits-small]").uncheck()
    assert links.count() == 0


def test_arrow_keys_choose_a_map_and_lead_nowhere(visit):
    tab = visit("#digits-small")
    tab.locator(".current").get_by_label("Compare with").focus()
    for _ in range(2):
        tab.keyboard.press("ArrowDown")
    tab.wait_for_timeout(100)
    assert title(tab) == "digits-small"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    arrive(tab, "Compare two maps")
    assert tab.url.endswith("#compare=digits-small,digits-strong")
    tab.locator("[name=other]").focus()
    tab.keyboard.press("ArrowDown")
    tab.wait_for_timeout(100)
    assert tab.url.endswith("#compare=digits-small,digits-strong")
    tab.get_by_role("button", name="Compare").click()
    tab.locator("#comparison thead a:visible", has_text="dream-wild").first.wait_for()
    assert tab.url.endswith("#compare=digits-small,dream-wild")


# ------------------------------------------------------------------ explanations

EXPLAINED = "#explained:popover-open"


@pytest.mark.parametrize("width", [1280, 400])
def test_a_word_is_explained_where_it_stands(visit, width):
    tab = visit("#view=findings", width, has_touch=True)
    word = tab.locator(".finding .term", has_text="95 % interval").first

    def explained():
        tab.locator(EXPLAINED).wait_for()
        box = tab.locator(EXPLAINED).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        return tab.locator(EXPLAINED).inner_text()

    said = "where the mean over seeds lies with a confidence of 95 %"
    word.click()
    assert said in explained()
    tab.keyboard.press("Escape")
    assert tab.locator(EXPLAINED).count() == 0
    word.tap()
    assert said in explained()
    tab.touchscreen.tap(2, 2)
    assert tab.locator(EXPLAINED).count() == 0
    word.focus()
    tab.keyboard.press("Enter")
    assert said in explained()
    tab.keyboard.press("Escape")
    assert word.evaluate("word => word === document.activeElement")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    arrive(tab, "Terms")
    assert tab.url.endswith("#term=95-%-interval")
    assert tab.locator(EXPLAINED).count() == 0


@pytest.mark.parametrize("view", ALL_VIEWS)
def test_every_word_with_an_explanation_has_one(look, view):
    tab = look(view)
    words = tab.locator("main a.term").evaluate_all("links => links.map(link => link.hash)")
    assert words
    known = tab.evaluate(
        "hashes => hashes.filter(hash => !document.getElementById(hash.slice(1)))", words
    )
    assert known == []


def test_without_scripts_words_lead_to_their_explanation(visit):
    tab = visit("#view=findings", java_script_enabled=False)
    tab.locator(".finding .term").first.click()
    assert tab.url.endswith("#term=holds")
    assert tab.locator("[id='term=holds']").is_visible()


def test_a_measure_in_the_table_is_explained_beside_its_heading(visit):
    tab = visit("#view=overview&as=table")
    tab.get_by_role("link", name="what is held-out error?").click()
    assert tab.locator(EXPLAINED).inner_text().startswith("held-out error\n")


# ------------------------------------------------------------------ ways in and out


def test_a_map_leads_to_its_files(visit):
    tab = visit("#digits-small")
    links = tab.locator(".current .files a")
    assert [link.get_attribute("href") for link in links.all()] == [
        f"digits-small/{file}" for file in ("measures.json", "config.yaml", "model.h5", "logs/")
    ]
    tab.evaluate("document.documentElement.classList.add('site')")
    assert tab.locator(".current .files a:visible").all_inner_texts() == [
        "measures.json",
        "config.yaml",
    ]


def test_a_claim_leads_to_its_row_of_a_sweep_and_a_replicate_to_its_map(visit):
    tab = visit("#view=findings")
    tab.get_by_role("link", name="strength-0.5-1").click()
    arrive(tab, "Sweeps")
    row = tab.locator("tr:target")
    row.wait_for(state="visible")
    assert row.inner_text().startswith("0.5 diverged\t1\t")
    assert row.evaluate("row => row.getBoundingClientRect().bottom <= innerHeight")
    tab.go_back()
    arrive(tab, "Findings")
    tab.get_by_role("link", name="digits-small--seed-1").click()
    arrive(tab, "digits-small")


def test_findings_of_a_verdict_by_their_address(visit):
    tab = visit("#view=findings")
    found = tab.locator(".finding:visible")
    assert found.count() == 3
    tab.get_by_label("does not hold").check()
    assert found.count() == 1
    assert tab.locator("#findings-count").inner_text() == "1 of 3 findings"
    tab.get_by_label("undecided").check()
    assert tab.url.endswith("#view=findings&verdict=does+not+hold%2Cundecided")
    tab.reload()
    assert found.count() == 2
    assert "holds" not in found.locator("header .badge").all_inner_texts()
    go(tab, "#finding=first")  # a link to one shows it
    assert found.count() == 3


# ------------------------------------------------------------------ the order of a map's view


def test_a_maps_numbers_come_first_and_its_pictures_under_headings(visit):
    tab = visit("#digits-small")
    numbers = tab.locator(".current .key > div").all_inner_texts()
    assert [text.split("\n")[:2] for text in numbers] == [
        ["held-out error", "0.0200"],
        ["correlation of neighbours", "0.10"],
        ["dead units, training", "25.0%"],
    ]
    assert "against 0.0691, error of the mean image" in numbers[0]
    headings = tab.locator(".current").get_by_role("heading").all_inner_texts()
    assert headings == [
        "digits-small", "Pictures", "Prototypes", "At work", "Units on the grid",
        "Measures", "Settings", "Files",
    ]  # fmt: skip
    tops = tab.evaluate(
        "['.key', '.steps', '.picture'].map(one => $(one, current).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)


# ------------------------------------------------------------------ phone, paper


def test_a_sweep_on_a_phone_is_read_by_scrolling_its_picture(visit):
    tab = visit("#view=sweeps", width=400)
    image = tab.locator(".sweep img")
    assert image.bounding_box()["width"] == 900  # as it was drawn
    scrolls = image.evaluate(
        "image => image.parentElement.scrollWidth > image.parentElement.clientWidth"
    )
    assert scrolls
    tab.get_by_text("All 6 trainings").click()
    head = tab.locator(".sweep tbody th").first
    before = head.bounding_box()["x"]
    tab.locator(".sweep .scroll").evaluate("box => { box.scrollLeft = 200; }")
    assert head.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_paper_has_the_first_picture_of_what_moves(visit):
    tab = visit("#digits-small", reduced_motion="reduce")
    still = tab.locator(".on-paper")
    assert still.count() == 1  # of other views nothing would be loaded
    assert not still.is_visible()
    tab.pdf()  # browsers load what is lazy before they print
    assert still.evaluate("still => still.complete && still.naturalWidth") == 90
    tab.emulate_media(media="print")
    assert still.is_visible()
    assert tab.locator("canvas:visible").count() == 0
    # A long one is no wider than the paper.
    widest = still.evaluate("still => getComputedStyle(still).maxWidth")
    assert widest == "100%"


def test_paper_has_what_is_folded_and_goes_back_to_it(visit):
    tab = visit("#view=sweeps", color_scheme="dark")
    tab.evaluate(
        """() => addEventListener("beforeprint", () => {
             window.onPaper = [$$("details[open]", current).length, $$("details", current).length];
           })"""
    )
    tab.pdf()
    assert tab.evaluate("onPaper") == [2, 2]
    assert tab.locator("details[open]").count() == 0
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(28, 39, 51)"
    assert tab.locator(".top, .toolbar").locator("visible=true").count() == 0
