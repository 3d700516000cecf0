"""What holds for the repository as a whole."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

from topodream.data import KINDS
from topodream.measures.registry import MEASURES
from topodream.models import foldiak, mwta, sparse_dream

LOCKS = [f"requirements{name}.lock" for name in ("", "-dev", "-docs", "-oldest")]


def pins(name):
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_hashes_and_no_addresses(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=[\w])", text)
    assert len(entries) > 40
    assert all("--hash=sha256:" in entry for entry in entries)


def test_locks_pin_the_same_versions_but_the_oldest():
    default, dev, docs, _ = (pins(name) for name in LOCKS)
    assert default.items() <= dev.items()
    assert default.items() <= docs.items()


def test_the_oldest_are_what_the_project_allows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    pinned = pins("requirements-oldest.lock")
    for entry in project["dependencies"] + extras["test"] + extras["baselines"]:
        if bound := re.match(r"([\w-]+)>=([\d.]+)", entry):
            name, version = bound.groups()
            assert re.fullmatch(rf"{re.escape(version)}(\.0)*", pinned[name]), entry


def test_locks_hold_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w.-]+", entry)[0] for entry in project["dependencies"]]
    assert set(names) <= set(pins("requirements.lock"))
    extras = project["optional-dependencies"]
    for_machines = {"tensorflow", "gpu-cuda12", "gpu-cuda13", "cluster"}
    assert set(extras) == {*for_machines, "baselines", "bench", "docs", "test", "dev"}
    # The tests need them.
    assert "topodream[baselines]" in extras["test"]
    assert "topodream[cluster,test]" in extras["dev"]
    for name in ("tensorflow", "cupy-cuda12x", "cupy-cuda13x"):
        assert name not in pins("requirements-dev.lock")


def markdown_files():
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / line for line in listed.stdout.splitlines()] or list(ROOT.glob("*.md"))


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", path.read_text()):
        target = link[0] or link[1]
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    ("heading", "module", "count"),
    [("MWTA", mwta, 8), ("SparseDream", sparse_dream, 13), ("Foldiak", foldiak, 6)],
)
def test_every_function_the_equations_name_exists(heading, module, count):
    section = (ROOT / "docs" / "model.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| \d+ \|.*$", section, re.MULTILINE)
    assert len(table) == count
    for row in table:
        for name in re.findall(r"`(\w+)`", row.split("|")[3]):
            assert callable(getattr(module, name)), name


def test_measures_are_documented_with_their_null():
    text = (ROOT / "docs" / "measures.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", text, re.MULTILINE))
    assert set(rows) == set(MEASURES) - {"held_out_samples"}
    for name, row in rows.items():
        if MEASURES[name].null is not None:
            assert f"`{MEASURES[name].null}`" in row.split(" | ")[-1], name


def test_measures_are_documented_with_what_they_need():
    """By "Needs *a*" for a whole section, by "needs *b*" in the row of a measure."""

    def traits(needs, text):
        found = re.search(rf"\b{needs} \*([^*]+)\*", text)
        return {found[1]} if found else set()

    sections = (ROOT / "docs" / "measures.md").read_text().split("\n## ")[1:]
    documented = {
        name: traits("Needs", section) | traits("needs", row)
        for section in sections
        for name, row in re.findall(r"^\| `(\w+)` \|(.*)$", section, re.MULTILINE)
    }
    assert documented == {
        name: set(about.needs) for name, about in MEASURES.items() if name in documented
    }


def test_contributing_names_the_scripts_that_are_no_rules():
    folders = {"workflow/rules": "*.smk", "src/topodream/plan": "*.py"}
    files = [path for folder, names in folders.items() for path in (ROOT / folder).glob(names)]
    rules = "".join(path.read_text() for path in files)
    scripts = {path.name for path in (ROOT / "src").glob("*.py")}
    of_data = {kind.script for kind in KINDS.values()}
    of_data |= {kind.picture.script for kind in KINDS.values() if kind.picture}
    tools = {name for name in scripts - of_data if f'("{name}")' not in rules}
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"`(\w+\.py)`", text)) & scripts == tools


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_clean_leaves_the_readme_of_results_alone(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("", "source_code/src/topodream/data/embedded/", "a map/figures/"):
        (tmp_path / "results" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name / "README.md").write_text("About.")
    (tmp_path / "results/a map/model.h5").symlink_to("nowhere")
    done = subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "results").rglob("*")] == ["README.md"]


@pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve() or (ROOT / ".venv").is_symlink(),
    reason="another environment than that of `make setup`",
)
def test_the_environment_of_make_imports_the_package(tmp_path):
    code = "import topodream; print(topodream.__file__)"
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=alone, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(ROOT / "src" / "topodream" / "__init__.py"), done.stderr


def test_targets_that_the_readme_names_exist():
    makefile = (ROOT / "Makefile").read_text()
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"^    make ([a-z-]+)", (ROOT / name).read_text(), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def code_and_docs():
    folders = [ROOT / name for name in ("src", "workflow", "docs", "tests", "benchmarks")]
    kinds = (".py", ".smk", ".md", ".yaml", ".rst", ".html", ".js")
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in kinds]
    return [*found, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config.yaml"]


def test_what_the_glossary_names_is_in_the_code():
    code = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    rows = re.findall(r"^\| .* \| .* \| (.*) \|$", (ROOT / "docs/glossary.md").read_text(), re.M)
    names = {name for row in rows for name in re.findall(r"`(\w+\.[a-zA-Z]\w+|[A-Z]\w+)", row)}
    assert {"Map.identity", "Divergence", "Grid", "KINDS", "provenance.origin"} <= names
    for name in names:
        *_, last = name.split(".")
        defined = rf"^(class|def|    def) {last}\b|^{last}\b.* = |^    {last}\b"
        # A file: of the package, or a result, of which the glossary speaks by its name.
        is_file = any((ROOT / "src/topodream").rglob(name)) or f'"{name}' in code
        assert is_file or re.search(defined, code, re.MULTILINE), name


def test_words_that_the_glossary_leaves_to_others():
    text = (ROOT / "docs/glossary.md").read_text().split("and not here: ")[1].split(". A test")[0]
    words = re.findall(r"([\w ]+?)(?: and ([\w ]+))? \(", " ".join(text.split()))
    others = {word.strip() for pair in words for word in pair if word}
    assert others >= {"neuron", "codebook", "best matching unit"}
    pattern = re.compile(rf"\b({'|'.join(others)})s?\b", re.IGNORECASE)
    for path in code_and_docs():
        if path.name not in ("glossary.md", "test_repository.py"):
            found = pattern.search(path.read_text(errors="replace"))
            assert not found, f"{path}: {found[0]}"
