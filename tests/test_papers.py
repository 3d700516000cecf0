"""Figures for papers: how wide they are, how large their text is, and that it is text."""

import argparse
import json
import re
import zlib

import legible
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from test_pictures import ERROR, FORM, many, noise, subject_of, trained

from topodream.data.bars import draw_bars
from topodream.data.samples import Data, Samples
from topodream.files.errors import ContentError, InputError
from topodream.form import Form
from topodream.grid import Grid
from topodream.origin import notes
from topodream.pictures import drawing, pages, samples_figure, saving, sweep_figure, tapestry_figure
from topodream.pictures.figures import FIGURES, figures_of, hit_map

__all__ = ["noise", "trained"]  # fixtures

NOTE = {"made_by": "a (test) of \\ <one> & ü, or\ntwo", "options": {"width": "single"}}
POINTS_PER_MM = 72 / 25.4
# What of a page's content says how large text is, and what it is.
OPERATIONS = re.compile(
    rb"(?P<push>\bq\b)|(?P<pop>\bQ\b)|(?P<matrix>(?:[-\d.]+\s+){6})cm\b"
    rb"|/(?P<font>F\d+) (?P<size>[\d.]+) Tf|(?P<text>\((?:[^\\()]|\\.)*\))",
    re.DOTALL,
)


# ------------------------------------------------------------------ what a PDF says


def pdf(path):
    """Return the width and height of a PDF's page in points, and its letters with their sizes."""
    raw = path.read_bytes()
    width, height = map(float, re.search(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", raw).groups())
    fonts = {
        name: letters_of(stream(raw, r"/ToUnicode (\d+) 0 R", item(raw, number)))
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", raw)
    }
    content = stream(raw, r"/Contents (\d+) 0 R", raw)
    return (width, height), list(letters(content, fonts))


def item(raw, number):
    return re.search(rb"\n" + number + rb" 0 obj\n(.*?)\nendobj", raw, re.DOTALL)[1]


def stream(raw, key, where):
    """Return what the stream that a key names holds."""
    packed = item(raw, re.search(key.encode(), where)[1])
    return zlib.decompress(re.search(rb"stream\r?\n(.*)\nendstream", packed, re.DOTALL)[1])


def letters_of(table):
    """Return which letters the numbers of a font stand for: what can be searched and copied."""
    found = {}
    for first, listed in re.findall(rb"<(\w{4})> <\w{4}> \[(.*?)\]", table):
        for place, letter in enumerate(re.findall(rb"<(\w+)>", listed)):
            found[int(first, 16) + place] = bytes.fromhex(letter.decode()).decode("utf-16-be")
    return found


def letters(content, fonts):
    """Yield the letters of a page, each with its size on paper."""
    scales, size, font = [1.0], 0.0, {}
    for found in OPERATIONS.finditer(content):
        if found["push"]:
            scales.append(scales[-1])
        elif found["pop"]:
            scales.pop()
        elif found["matrix"]:
            a, b, c, d, *_ = map(float, found["matrix"].split())
            scales[-1] *= abs(a * d - b * c) ** 0.5
        elif found["font"]:
            font, size = fonts[found["font"]], float(found["size"])
        else:
            for number in np.frombuffer(unescaped(found["text"][1:-1]), ">u2").tolist():
                yield font[number], size * scales[-1]


def unescaped(text):
    escapes = {b"n": b"\n", b"r": b"\r"}
    return re.sub(rb"\\(.)", lambda m: escapes.get(m[1], m[1]), text, flags=re.DOTALL)


def plain(texts):
    """Return all letters of texts in one order, without spaces."""
    return "".join(sorted("".join("".join(texts).split())))


def check(make, width, tmp_path):
    """Draw a figure for a paper, and see that it can stand there."""
    path = tmp_path / "figure.pdf"
    with pages.laid_out_for(width):
        figure = make()
        saving.save(figure, path, json.dumps(NOTE), "pdf")
    size, found = pdf(path)
    assert size[0] == pytest.approx(pages.WIDTHS[width] * POINTS_PER_MM, abs=0.01)
    assert size[1] <= pages.HIGHEST * POINTS_PER_MM
    assert {points for _, points in found if not 6 <= points <= 8} == set()
    drawn = legible.drawn(figure)
    # All that is drawn of words stands as letters in the file, and no title or note is among it.
    assert plain(letter for letter, _ in found) == plain(text.get_text() for text in drawn)
    assert not {text.get_text() for text in drawn} & set(figure.get_label().split("\n"))
    assert len(figure.get_label().split("\n")) >= 2
    assert b"/Type3" not in path.read_bytes()
    assert legible.faults(figure, drawn) == []
    return figure


# ------------------------------------------------------------------ all figures


@pytest.fixture
def materials(trained, noise):
    """Made-up maps that have, between them, every figure."""
    opponents = noise(False, Form(6, 5, "opponent", "on_off"))
    there = np.random.default_rng(0).random((40, 12)) < 0.3
    bars = Samples(draw_bars(there), None, None, Form(6, 6), there)
    barred = Data(bars, bars, False, "sha", "bars", "none")
    return [
        subject_of(trained(opponents, lateral={"edge": "wrap", "radius": 1}), opponents),
        subject_of(trained(noise(False), model="sparse_dream"), noise(False)),
        subject_of(trained(barred, model="foldiak"), barred),
    ]


@pytest.mark.parametrize("width", pages.WIDTHS)
def test_every_figure_of_a_map_can_stand_in_a_paper(width, materials, tmp_path, monkeypatch):
    monkeypatch.setattr(pages.Page, "finer", 1)  # quicker; nothing is elsewhere for it
    seen = set()
    for material in materials:
        for figure in figures_of(material.traits):
            if figure.name not in seen:
                seen.add(figure.name)
                check(lambda: drawing.draw(figure.name, material), width, tmp_path)  # noqa: B023
    assert seen == {figure.name for figure in FIGURES}


def sweeps():
    """Sweeps with few and with many lines, and with many panels."""
    yield many(2), [ERROR]
    yield many(14), [ERROR] * 2
    yield many(1, [0.001, 0.1, 1, None]), [ERROR] * 4


def others():
    """The figures that are of no map."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 6, 5), np.uint8)
    samples = Samples(pixels, np.arange(40, dtype=np.uint8) % 4, None, FORM)
    names = ("one", "a long name of a class", "three", "four")
    data = Data(samples, samples, False, "sha", "noise", "none", classes=names)
    pictures, called = [pixels[0], pixels[1]], ["a.png", "another-picture-of-the-same.png"]
    yield lambda: samples_figure.draw(data, "noise")
    yield lambda: samples_figure.draw_photographs(pictures, called, "title", "note")
    yield lambda: tapestry_figure.draw(
        pixels.reshape(40, 30), Form.of_image((40, 30)), "title", "data"
    )
    for points, panels in sweeps():
        yield lambda points=points, panels=panels: sweep_figure.sweep(
            points, panels, "lateral.strength", "title", "data"
        )


@pytest.mark.parametrize("width", pages.WIDTHS)
def test_pictures_of_data_and_of_sweeps_can_stand_in_a_paper(width, tmp_path):
    for make in others():
        check(make, width, tmp_path)


def test_text_that_is_too_large_or_no_text_would_be_noticed(tmp_path):
    def enlarged():
        figure = hit_map.plot(np.arange(4), Grid(2, 2), "title", "data")
        figure.axes[0].xaxis.label.set_fontsize("large")
        return figure

    with pytest.raises(AssertionError, match=r"8\.7"):
        check(enlarged, "single", tmp_path)


# ------------------------------------------------------------------ files


def wins(path, width, kind):
    """Draw a small map of wins, and return the figure."""
    with pages.laid_out_for(width):
        figure = hit_map.plot(np.arange(4) * 40, Grid(2, 2), "wins", "data")
        saving.save(figure, path, json.dumps(NOTE), kind)
    return figure


@pytest.mark.parametrize("width", [None, "single"])
@pytest.mark.parametrize("kind", pages.FORMATS)
def test_files_repeat_to_the_byte_and_say_what_made_them(kind, width, tmp_path, monkeypatch):
    one, other = tmp_path / f"one.{kind}", tmp_path / f"other.{kind}"
    wins(one, width, kind)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")  # another day
    wins(other, width, kind)
    assert one.read_bytes() == other.read_bytes()
    assert notes.read(one) == NOTE


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_a_file_of_somebody_elses_says_nothing(kind, tmp_path):
    (tmp_path / f"file.{kind}").write_text("/Keywords (a, b) <rdf:li>a</rdf:li>")
    with pytest.raises(ContentError):
        notes.read(tmp_path / f"file.{kind}")


def test_a_png_for_a_paper_is_fine_enough_and_says_how_large_it_is(tmp_path):
    wins(tmp_path / "wins.png", "double", "png")
    with Image.open(tmp_path / "wins.png") as image:
        assert image.info["dpi"][0] > 300
        assert image.width / image.info["dpi"][0] * 25.4 == pytest.approx(183, abs=0.1)


def test_text_of_an_svg_can_be_edited_and_its_title_is_there(tmp_path):
    figure = wins(tmp_path / "wins.svg", "single", "svg")
    text = (tmp_path / "wins.svg").read_text()
    written = re.findall(r"<text [^>]*>([^<]*)</text>", text)
    assert plain(written) == plain(text.get_text() for text in legible.drawn(figure))
    width, across = re.search(r'width="([\d.]+)pt" [^>]*viewBox="0 0 ([\d.]+) ', text).groups()
    assert float(width) == pytest.approx(89 * POINTS_PER_MM, abs=0.01)
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", text)]
    assert {size for size in sizes if not 6 <= size * float(width) / float(across) <= 8} == set()
    assert "<title>wins</title>" in text
    assert "White: never won" in text  # for the caption


@pytest.mark.parametrize("kind", ["pdf", "svg"])
def test_pictures_keep_their_pixels(kind, tmp_path):
    wins(tmp_path / f"wins.{kind}", "double", kind)
    text = (tmp_path / f"wins.{kind}").read_bytes()
    assert (b"/Width 2 /Height 2\n" if kind == "pdf" else b'width="2" height="2"') in text


def test_numbers_of_logarithmic_axes_are_written_out(tmp_path):
    figure = wins(tmp_path / "wins.pdf", "single", "pdf")
    numbers = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert {"1", "10", "100"} <= set(numbers)


def test_on_a_screen_title_and_note_stand_in_the_figure():
    figure = hit_map.plot(np.arange(4), Grid(2, 2), "title", "data")
    said = {text.get_text() for text in figure.findobj(Text)}
    assert "title" in said
    assert any(text.endswith("Data: data.") for text in said)


# ------------------------------------------------------------------ options


def asked(*args):
    """What the options of a script that draws come to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=pages.Path)
    pages.add_options(parser)
    return parser.parse_args(args)


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        ((), "png"),
        (("--width", "single"), "png"),
        (("--output", "a.svg"), "svg"),
        (("--output", "a.b", "--format", "pdf"), "pdf"),
    ],
)
def test_a_format_is_what_is_asked_for_or_what_the_name_says_or_png(args, kind):
    assert pages.format_of(asked(*args)) == kind


def test_a_name_that_says_another_format_is_refused():
    with pytest.raises(InputError, match=r"--output: the name of a.png doesn't say --format pdf"):
        pages.format_of(asked("--output", "a.png", "--format", "pdf"))
    with pytest.raises(InputError, match=r"a.jpg ends in none of .png, .pdf, .svg"):
        pages.format_of(asked("--output", "a.jpg"))


@pytest.mark.parametrize("args", [("--format", "eps"), ("--width", "89")])
def test_formats_and_widths_that_there_are_not_are_refused(args, capsys):
    with pytest.raises(SystemExit):
        asked(*args)
    assert "choose from" in capsys.readouterr().err
