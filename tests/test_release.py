"""What a forge, a catalogue and who installs a release go by."""

import re
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT
from test_wings import MODULES, floors

import topodream
from topodream.pictures.animations import ANIMATIONS
from topodream.pictures.figures import FIGURES

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def commands(workflow):
    """What the jobs of a workflow run."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    image = yaml.safe_load((ROOT / "profiles/kubernetes/config.yaml").read_text())[
        "container-image"
    ]
    released = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    elsewhere = {topodream.__version__, citation["version"], image.split(":")[1], released}
    assert elsewhere == {PROJECT["version"]}


def test_the_citation_names_what_the_project_does():
    """`make check` holds it to the schema of CITATION.cff."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert str(citation.get("date-released", "")) in (ROOT / "CHANGELOG.md").read_text()


def test_a_forge_runs_what_is_run_here():
    makefile = (ROOT / "Makefile").read_text()
    run = [command for workflow in WORKFLOWS for command in commands(workflow)]
    assert {".ci/run", "make tests", "make test-oldest", "make docs", "make dist"} <= set(run)
    for target in re.findall(r"make ([\w-]+)", "\n".join(run)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_a_forge_tests_the_oldest_python_and_the_newest_that_is_claimed():
    jobs = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())["jobs"]
    claimed = [text.split()[-1] for text in PROJECT["classifiers"] if ":: Python :: 3" in text]
    assert PROJECT["requires-python"] == f">={claimed[0]}"
    tested = {name: job["container"].split(":")[1] for name, job in jobs.items()}
    assert tested["newest-python"] == f"{claimed[-1]}-bookworm"
    assert tested["everything"] == tested["oldest-dependencies"] == f"{claimed[0]}-bookworm"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_use_releases_of_actions_and_may_do_nothing_but_read(workflow):
    text = workflow.read_text()
    assert re.findall(r"uses: (.*)", text) == re.findall(r"uses: (actions/[a-z-]+@v\d+)\n", text)
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "secrets." not in text


def test_a_tag_has_to_name_the_version():
    """By the very line of the workflow, on this version's tag and on another one."""
    (line,) = (run for run in commands(ROOT / ".github/workflows/release.yml") if "sed" in run)
    for tag, status in ((f"v{PROJECT['version']}", 0), ("v0.0.1", 1)):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=ROOT,
            env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert done.returncode == status, tag


def test_the_catalogue_of_snakemake_workflows_finds_what_it_looks_for():
    settings = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert set(settings["usage"]) == {"mandatory-flags", "software-stack-deployment"}
    assert settings["usage"]["software-stack-deployment"]["report"]
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "config/README.md").is_file()
    assert (ROOT / "workflow/Snakefile").is_file()


def test_decisions_sort_by_number_and_are_listed():
    names = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(name[:2]) for name in names] == list(range(1, len(names) + 1))
    listed = (ROOT / "docs/decisions/README.md").read_text()
    for name in names:
        number, title = (ROOT / "docs/decisions" / name).read_text().splitlines()[0].split(". ", 1)
        assert number == f"# {int(name[:2])}", name
        assert f"- [{name[:2]}]({name}): {title}\n" in listed, name


def test_the_documentation_has_every_page_and_every_wing():
    """`make docs` says so too, in an environment of its own."""

    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        below = entry.values() if isinstance(entry, dict) else entry
        return [page for part in below for page in pages(part)]

    nav = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    folders = ("*.md", "config/*.md", "results/README.md", "docs/**/*.md", "src/topodream/**/*.md")
    found = [path.relative_to(ROOT) for name in folders for path in ROOT.glob(name)]
    wings = {name for name in floors() if any(f".{name}." in module for module in MODULES)}
    assert sorted(nav) == sorted(
        [*map(str, found), *(f"api/{wing}.md" for wing in {*wings, "library", "ground"})]
    )


def test_the_gallery_has_every_picture_of_the_documentation_and_what_makes_it(catalogue):
    gallery = (ROOT / "docs/gallery.md").read_text()
    shown = re.findall(r"^!\[.+\]\((.+)\)\n\n(.+)\n\n    (.+)$", gallery, re.MULTILINE)
    pictures = {path.name for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".gif")}
    assert {name for name, _, _ in shown} == pictures
    files = {picture.file for picture in (*FIGURES, *ANIMATIONS)}
    for _, _, command in shown:
        tool, *targets = command.split()
        if tool == "make":
            continue
        of, _, file = targets[0].removeprefix("results/").partition("/")
        if of == "sweeps":
            assert file.removesuffix(".png") in catalogue.sweeps, command
        else:
            assert of in catalogue.experiments, command
            assert file in files, command


def test_the_workflow_asks_for_the_snakemake_that_the_project_asks_for():
    (entry,) = (text for text in PROJECT["dependencies"] if text.startswith("snakemake"))
    least = re.search(r'min_version\("(.+)"\)', (ROOT / "workflow/Snakefile").read_text())[1]
    assert entry.startswith(f"snakemake>={least},")
