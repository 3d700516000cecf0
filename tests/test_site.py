"""A page packed with what it needs: what is in it, and what isn't."""

import shutil
import zipfile

import made_results
import pytest

from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.files.storage import write_text
from topodream.origin import notes
from topodream.origin.lineage import MATCHES, Shelf, links_of
from topodream.page import page, site

MAPS = ["pan-small", "digits-strong"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, shipped_config):
    folder = tmp_path_factory.mktemp("results")
    made_results.make(folder, shipped_config)
    contents = page.Contents(
        experiments=made_results.shown(MAPS), datasets=["digits", "tapestry", "pan"],
        findings=folder / "findings.json", sweeps=["strength"],
    )  # fmt: skip
    write_text(folder / "index.html", page.render(folder, contents, made_results.ORIGIN))
    return folder


@pytest.fixture
def results(made, tmp_path):
    return shutil.copytree(made, tmp_path / "results")


def packed(folder, name="site.zip"):
    site.pack(folder / "index.html", folder / name, made_results.ORIGIN)
    return folder / name


def test_a_site_holds_what_the_page_needs_and_nothing_else(results):
    of_maps = (
        "activity.gif.js", "config.yaml", "figures/hit_map.png", "figures/prototypes.png",
        "figures/reconstructions.png", "map.js", "measures.json", "thumbnail.png",
    )  # fmt: skip
    files = {f"{name}/{file}" for name in MAPS for file in of_maps}
    files |= {"index.html", "digits-strong/figures/u_matrix.png", "sweeps/strength.png"}
    files |= {"data/digits.png", "data/tapestry.png", "data/pan.gif.js"}
    found = site.pack(results / "index.html", results / "site.zip", made_results.ORIGIN)
    with zipfile.ZipFile(results / "site.zip") as content:
        assert content.namelist()[0] == "site/index.html"
        assert content.namelist()[1:] == sorted(content.namelist()[1:])
        assert {name.removeprefix("site/") for name in content.namelist()} == files
        for name in files - {"index.html"}:
            assert content.read(f"site/{name}") == (results / name).read_bytes()
        whole = (results / "index.html").read_text()
        html = content.read("site/index.html").decode()
        assert html == whole.replace('<html lang="en">', '<html lang="en" class="site">')
        assert html != whole
        sizes = [entry.file_size for entry in content.infolist()]
    assert found == site.Site(len(MAPS), len(files), sum(sizes))


def test_a_site_says_what_made_it_and_equal_pages_give_equal_bytes(results, tmp_path):
    note = notes.read(packed(results))
    assert note["made_by"] == "a test"
    (link,) = links_of(results / "site.zip", note, Shelf(results))
    assert (link.what, link.state, link.file) == ("page", MATCHES, results / "index.html")
    other = shutil.copytree(results, tmp_path / "other", copy_function=shutil.copy)  # other times
    assert file_digest(packed(other)) == file_digest(results / "site.zip")


def refused(results, why):
    with pytest.raises(InputError, match=why):
        packed(results)
    assert list(results.glob("*.zip")) == list(results.glob(".*.zip")) == []


def test_what_is_missing_is_said_by_name(results):
    for name in ("digits-strong/map.js", "pan-small/activity.gif.js", "pan-small/config.yaml"):
        (results / name).unlink()
    listed = "digits-strong/map.js, pan-small/activity.gif.js, pan-small/config.yaml$"
    refused(results, f"index.html: of what it shows, these files are missing: {listed}")
    shutil.rmtree(results / "digits-strong")
    shutil.rmtree(results / "pan-small")
    refused(results, "pan-small/activity.gif.js and 7 more$")


def test_measures_that_are_others_than_the_page_shows(results):
    path = results / "pan-small/measures.json"
    path.write_text(path.read_text().replace("0.04", "0.05"))
    refused(results, "pan-small/measures.json has been made anew since; make the page again")


@pytest.mark.parametrize(
    "link", ["../secret", "/etc/passwd", "file:///a", "a/../../b", "//host/a", ".."]
)
def test_no_link_leads_out_of_the_folder(results, link):
    replace(results, "</main>", f'<a href="{link}">a</a></main>')
    refused(results, f"the link '{link}' leads out of its folder")


def test_links_that_a_site_leaves_out_and_those_elsewhere(results):
    local = '<div class="wide local"><div><a href="a/model.h5"><img src="b"></a></div><a href="c"></a></div>'
    elsewhere = '<a href="https://example.org/x"></a><a href="#digits-strong"></a><img class="local" src="d">'
    replace(results, "</main>", f'{local}{elsewhere}<a href="e%20f?x#y"></a></main>')
    refused(results, "these files are missing: e f$")


def replace(results, old, new):
    path = results / "index.html"
    path.write_text(path.read_text().replace(old, new))


def test_what_is_no_page_is_said(results):
    (results / "index.html").write_text("<html></html>")
    refused(results, "index.html: does not say what made it")
