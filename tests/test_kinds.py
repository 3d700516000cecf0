"""Kinds of data: what each says of a data set before it is made is true of the file that is made."""

import ast
import contextlib
import json
import re
import runpy
import shlex
import sys
from unittest import mock

import numpy as np
import pytest
import yaml
from conftest import ROOT
from PIL import Image

from topodream.data import KINDS
from topodream.data.samples import LAYOUTS, read_data
from topodream.files.errors import InputError
from topodream.files.storage import read_hdf5
from topodream.origin import lineage, provenance
from topodream.plan import catalogue as catalogues
from topodream.plan import params, resources
from topodream.settings import checking
from topodream.settings.datasets import lacks, learnable, made_of
from topodream.traits import OF_DATA

SRC = ROOT / "src"
# Of each kind, from config.yaml or from docs/data.md; what one is made of stands before it. Where
# config.yaml has no source of something, docs/data.md says how to name one.
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/data.md").read_text(), re.M | re.S)
SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())["datasets"]
EXAMPLES = {
    name: SHIPPED.get(name, {}) | section
    for snippet in SNIPPETS
    for name, section in yaml.safe_load(snippet).get("datasets", {}).items()
    if "kind" in section or lacks(name, SHIPPED)
}
SECTIONS = SHIPPED | EXAMPLES
# One of each.
TRIED = {section["kind"]: name for name, section in reversed(SECTIONS.items())}


def script(name, output, **options):
    """Run a script here: to start and import takes longer than what most of them do."""
    command = [str(SRC / name), *shlex.split(params.flags(options)), "--output", str(output)]
    with mock.patch.object(sys, "argv", command):
        runpy.run_path(command[0], run_name="not main")["main"]()


@pytest.fixture(scope="module", autouse=True)
def raw(tmp_path_factory):
    """A working folder with what the sections name: pictures of two classes, CIFAR-10's batches."""
    folder, rng = tmp_path_factory.mktemp("raw"), np.random.default_rng(0)
    for name in ("a/1.png", "a/2.jpg", "b/1.png", "b/2.tif", "b/3.png"):
        path = folder / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(40, 50, 3), dtype=np.uint8)).save(path)
    (folder / "cifar-10-batches-bin").mkdir()
    for name in ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"):
        records = rng.integers(10, size=(3, 3073), dtype=np.uint8)
        (folder / "cifar-10-batches-bin" / name).write_bytes(records.tobytes())
    with contextlib.chdir(folder):
        yield folder


@pytest.fixture(scope="module")
def made(raw, tmp_path_factory):
    """A folder with a data set of each kind, the examples, and what they are made of; and pictures."""
    folder = tmp_path_factory.mktemp("data")
    needed = [*TRIED.values(), *EXAMPLES]
    for name in needed:  # grows while it is walked through
        needed += made_of(SECTIONS[name]).values()
    for name in filter(needed.__contains__, SECTIONS):
        section = SECTIONS[name]
        kind = KINDS[section["kind"]]
        behind = {key: folder / f"{other}.h5" for key, other in made_of(section).items()}
        file = folder / f"{name}.h5"
        places = {key: section[key] for key in kind.not_compared if key in section}
        script(kind.script, file, **kind.options(section), **places, **behind)
        if picture := kind.picture:
            files = {picture.option: file, **{key: behind[key] for key in picture.behind}}
            shown = dict.fromkeys(picture.settings, 20)  # 20 frames, 20 ms
            script(picture.script, file.with_suffix(picture.suffix), **files, **shown)
    return folder


def test_every_kind_is_tried():
    assert set(TRIED) == set(KINDS)


@pytest.mark.parametrize("name", TRIED.values())
def test_layout_traits_and_size_are_those_of_the_file(made, name):
    section = SECTIONS[name]
    kind = KINDS[section["kind"]]
    file, size = made / f"{name}.h5", resources.data_size(name, SECTIONS)
    content = read_hdf5(file, (kind.layout,))
    pixels = [array for key, array in content.arrays.items() if array.dtype == np.uint8]
    pixels = [array for array in pixels if array.ndim > 1]  # labels apart
    assert size.n_bytes == sum(array.size for array in pixels)
    if kind.can_be_learnt:
        data = read_data(file)
        assert (data.form.height, data.form.width) == (size.height, size.width)
        assert data.form.n_inputs == size.n_inputs
        assert kind.traits(section) == data.traits
        assert (size.n_train, size.n_held_out) == (
            len(data.train.pixels),
            len(data.held_out.pixels),
        )
    else:
        with pytest.raises(InputError, match=f"holds {kind.layout}, needed: images or sequence"):
            read_data(file)
        assert kind.traits(section) == frozenset()


@pytest.mark.parametrize("name", TRIED.values())
def test_notes_say_what_a_kind_says(made, name):
    section = SECTIONS[name]
    kind = KINDS[section["kind"]]
    note = dict(read_hdf5(made / f"{name}.h5", None).attributes)
    assert note["made_by"].startswith(f"{kind.script}, ")
    assert json.loads(note["options"]) == kind.options(section, with_places=False)
    assert set(json.loads(note["versions"])) == {"python", "numpy", *kind.packages}
    # It is made again when its own module changes, and not when that of a kind does with which it
    # has nothing to do.
    sources = provenance.local_sources(SRC / kind.script)
    behind = {one for one in KINDS.values() if one.layout in set().union(*kind.made_of.values())}
    assert module_of(kind) in sources
    assert not set(sources) & {module_of(one) for one in {*KINDS.values()} - {kind, *behind}}


def module_of(kind):
    return SRC.joinpath(*kind.module.split(".")).with_suffix(".py")


@pytest.mark.parametrize("name", TRIED.values())
def test_a_data_set_leads_back_to_the_raw_data(made, name):
    found = lineage.trace(made / f"{name}.h5", made)
    assert not found.broken
    assert {link.what for link in found.links} >= set(made_of(SECTIONS[name]))
    raw = [link.state for link in found.links if link.what == "raw"]
    kind = KINDS[SECTIONS[name]["kind"]]
    assert raw or not (kind.made_of or kind.shipped_files(SECTIONS[name]))
    # A person's own files are not here; what comes with the package is.
    known = {name: sha256 for name, (_, sha256) in kind.raw_files(SECTIONS[name]).items()}
    own = [link for link in found.links if link.what == "raw" and link.state == lineage.NOT_KEPT]
    assert {link.name: link.sha256 for link in own} == known


@pytest.mark.parametrize("name", [TRIED[name] for name, kind in KINDS.items() if kind.picture])
def test_pictures_are_there_and_lead_back(made, name):
    picture = KINDS[SECTIONS[name]["kind"]].picture
    found = lineage.trace((made / name).with_suffix(picture.suffix), made)
    assert not found.broken
    note = found.notes[found.file]
    assert note["made_by"].startswith(f"{picture.script}, ")
    assert set(note["versions"]) == {"python", "numpy", *picture.packages}
    assert {link.what for link in found.links} >= {"data", *picture.behind}


@pytest.mark.parametrize("name", KINDS)
def test_schema_and_kind_agree_and_every_key_is_documented(name):
    kind, schema = KINDS[name], checking.schema(f"data/{name}")
    keys = set(schema["properties"])
    assert schema["properties"]["kind"]["const"] == name
    assert set(kind.made_of) <= keys & set(schema["required"])
    # What it is made of stands before it, under keys that mean nothing else in a note.
    before = [KINDS[one].layout for one in list(KINDS)[: list(KINDS).index(name)]]
    assert set().union(*kind.made_of.values()) <= set(before)
    assert all(lineage.KEYS[key] == key for key in kind.made_of)
    assert not set(kind.made_of) & {"gif", "sweep", "sweeps", "model", "measures", "data", "raw"}
    assert {*kind.not_compared, *kind.places} <= keys - {"kind", *kind.made_of}
    assert kind.traits(SECTIONS[TRIED[name]]) <= OF_DATA
    documented = "\n".join((ROOT / f"docs/{n}.md").read_text() for n in ("data", "configuration"))
    assert not [key for key in keys if f"`{key}`" not in documented]
    assert f"`kind: {name}`" in documented


def test_scripts_say_their_own_kind_apart():
    # A picture may be of several.
    pictures = {kind.picture.script: kind.picture for kind in KINDS.values() if kind.picture}
    scripts = [kind.script for kind in KINDS.values()] + list(pictures)
    assert len(set(scripts)) == len(scripts)
    assert all(kind.picture in (None, *pictures.values()) for kind in KINDS.values())
    assert all((SRC / name).is_file() for name in scripts)


def literals(path):
    return {node.value for node in ast.walk(ast.parse(path.read_text())) if is_text(node)}


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_nothing_else_knows_a_kind_by_its_name():
    """Others ask the registry. ("images" is a layout too, and a word.)"""
    names = set(KINDS) - set(LAYOUTS)
    modules = [path for path in (SRC / "topodream").rglob("*.py") if path.parent.name != "data"]
    assert len(modules) > 40
    known = {path: found for path in modules if (found := literals(path) & names)}
    assert known == {}
    quoted = re.compile("|".join(f"[\"']{name}[\"']" for name in sorted(names)))
    rules = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    assert [path.name for path in rules if quoted.search(path.read_text())] == []


# What shows or describes all of the results asks which kinds there are.
OF_ALL_RESULTS = {"build_page.py", "export_crate.py", "trace_provenance.py"}


def test_what_makes_results_does_not_ask_which_kinds_there_are():
    """Or a new kind would make all of them anew."""
    registry = re.compile(r"^from topodream\.data import .*\bKINDS\b", re.MULTILINE)
    asking = {
        path.name
        for path in SRC.glob("*.py")
        if any(registry.search(one.read_text()) for one in provenance.local_sources(path))
    }
    assert asking == OF_ALL_RESULTS


def test_what_can_be_learnt_and_what_others_are_made_of(some_config):
    resolved = catalogues.resolve(some_config)
    names = learnable(resolved.datasets)
    assert names == [n for n, s in resolved.datasets.items() if KINDS[s["kind"]].can_be_learnt]
    for section in resolved.datasets.values():
        for key, other in made_of(section).items():
            layout = KINDS[resolved.datasets[other]["kind"]].layout
            assert layout in KINDS[section["kind"]].made_of[key]
