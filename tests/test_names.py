"""Names, paths and texts of the config lead neither out of the results nor into a shell."""

import itertools
import json
import shlex

import numpy as np
import pytest
from conftest import NO_FINDINGS
from test_workflow import change_overlay, copy_project, snakemake

from topodream.data import idx, mnist, samples
from topodream.files.errors import InputError
from topodream.plan.catalogue import resolve

# What a shell, a path or Snakemake could take for something else.
NASTY = (
    """it's "a"; $(touch pwned) `touch pwned` | touch pwned & {wildcards} {x} %s > pwned * ~ \\ ä"""
)
ELSEWHERE = [
    "", ".", "..", "../x", "/etc/x", "a/b", "a\\b", "a b", "a.b", "A", "-a", "_a", "~", "*", "a\n", "a\0",
    "ä", "a'b", 'a"b', "a;b", "a|b", "a&b", "$a", "$(touch x)", "`touch x`", "{a}", "a>b", "x" * 81,
    "data", "logs", "all", "findings", "sweeps",
]  # fmt: skip
SECTIONS = {
    "experiments": {"extends": "excited-20"},
    "datasets": {"kind": "mnist", "source": "embedded"},
    "sweeps": {"extends": "excited-20", "over": {"trace": [0.5]}, "measures": ["held_out_mse"]},
    "groups": {"about": "", "experiments": ["excited-20"]},
    "selections": ["excited-20"],
}
CLAIM = {"measure": "held_out_mse", "of": "excited-20", "above": 0}
STATEMENT = {"said": "So.", "source": "a test", "claims": [CLAIM]}


@pytest.fixture
def some_config(some_config):
    """Two experiments and a sweep: some hundred times all that there is, is checked anew."""
    kept = {"experiments": ("excited-20", "excited-40"), "sweeps": ("strength",)}
    few = {key: {name: some_config[key][name] for name in names} for key, names in kept.items()}
    nothing = {"groups": {}, "selections": {}, "findings": NO_FINDINGS}
    return {**some_config, **nothing, **few, "run": ["excited-20"]}


@pytest.mark.parametrize("key", SECTIONS)
def test_names_of_sections_are_names(key, some_config):
    some_config["groups"] = {}
    for name in ELSEWHERE:
        some_config[key] = {**some_config.get(key, {}), name: SECTIONS[key]}
        with pytest.raises(InputError, match="the name .* is not allowed|NUL") as caught:
            resolve(some_config)
        assert len(str(caught.value).splitlines()) == 1
        del some_config[key][name]
    some_config[key]["a-9"] = SECTIONS[key]
    resolve(some_config)


def test_names_of_statements_are_names(some_config):
    for name in ELSEWHERE:
        some_config["findings"] = {"seeds": [0], "statements": {name: STATEMENT}}
        with pytest.raises(InputError, match="the name .* is not allowed|NUL"):
            resolve(some_config)


def test_what_refers_to_others_has_to_find_them(some_config):
    for name in ("", "..", "../x", "/etc/x", "a\n", "$(touch x)", "{a}"):
        for path in (
            ("experiments", "excited-40", "extends"), ("experiments", "excited-40", "dataset"),
            ("experiments", "excited-40", "model"), ("experiments", "excited-40", "engine"),
            ("datasets", "tapestry", "digits"), ("datasets", "pan", "over"),
            ("datasets", "digits", "source"), ("sweeps", "strength", "extends"), ("run",),
        ):  # fmt: skip
            *parents, last = path
            inner = some_config
            for key in parents:
                inner = inner[key]
            before = inner.get(last)
            inner[last] = name
            with pytest.raises(InputError):
                resolve(some_config)
            inner.update({last: before}) if before is not None else inner.pop(last)
    resolve(some_config)


@pytest.mark.parametrize(
    "mirror", ["file:///etc/", "ftp://a/", "http://a b/", "http://a", "$(touch x)/", "http://a/\n"]
)
def test_mirrors_are_addresses(mirror, some_config):
    some_config["datasets"]["digits"].update(source="mirror", mirrors=[mirror])
    with pytest.raises(InputError, match="mirrors.0 = .* is not allowed"):
        resolve(some_config)


def test_a_folder_with_braces_is_one_line(some_config):
    some_config["datasets"]["digits"].update(source="idx", folder="a {folder}")
    said = "folder = 'a {folder}' is not allowed: for `idx`, the folder .*; without braces, which"
    with pytest.raises(InputError, match=said):
        resolve(some_config)


@pytest.mark.slow
def test_a_folder_and_mirrors_of_any_name_reach_the_script_as_they_are(tmp_path):
    project = copy_project(tmp_path / "fresh")
    # Without braces: Snakemake takes those of an input's name for wildcards.
    folder = tmp_path / NASTY.replace("{", "(").replace("}", ")")
    folder.mkdir()
    for name in mnist.MNIST_SHA256:
        shape = (5, 28, 28) if "images" in name else (5,)
        (folder / name).write_bytes(idx.to_idx(np.ones(shape, np.uint8)))
    settings = {"source": "idx", "folder": str(folder)}
    change_overlay(project, lambda c: c["datasets"].update(digits=settings))
    snakemake(project, "--cores", "1", "results/data/digits.h5")
    assert len(samples.read_data(project / "results/data/digits.h5").train.pixels) == 5
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.slow
def test_texts_for_readers_reach_the_scripts_as_they_are(tmp_path):
    project = copy_project(tmp_path / "fresh")
    findings = {"seeds": [0], "statements": {"so": STATEMENT | {"said": NASTY, "because": NASTY}}}
    findings["statements"]["so"]["claims"] = [CLAIM | {"of": "tiny-pan"}]

    def change(content):
        content["experiments"]["tiny-pan"]["question"] = NASTY
        content["groups"]["tiny"]["about"] = NASTY
        content["sweeps"]["tiny-strength"]["question"] = NASTY

    change_overlay(project, change)
    (project / "findings.yaml").write_text(json.dumps({"findings": findings}))
    done = snakemake(project, "--dry-run", "--printshellcmds")
    given = {}
    for line in (done.stdout + done.stderr).splitlines():
        if "python src/" in line:
            words = shlex.split(line[line.index("python src/") :])
            given[words[1]] = dict(itertools.pairwise(words))
    said = " ".join(NASTY.split())
    page, sweep, judged = (
        json.loads(given[f"src/{script}.py"]["<<<"])
        for script in ("build_page", "summarise_sweep", "judge_findings")
    )
    assert page["experiments"]["tiny-pan"]["question"] == said
    assert page["groups"][-1]["about"] == NASTY
    assert sweep["question"] == said
    assert judged["statements"]["so"]["said"] == NASTY
