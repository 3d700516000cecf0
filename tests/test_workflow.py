"""The real workflow, run by Snakemake on a small overlay config in a copy of the project.

The copy lies in a folder whose name has a space. Most tests copy the finished tree, change
one thing and read which files Snakemake plans to make again.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import forking
import h5py
import imageio.v3 as iio
import machine_code
import numpy as np
import pytest
import yaml
from conftest import ROOT

from topodream.data import KINDS, mnist
from topodream.files import storage
from topodream.files.digests import file_digest
from topodream.origin import lineage, notes, provenance
from topodream.pictures import figures

NAMES = ["tiny-pan", "tiny-digits", "tiny-dream", "tiny-wild"]
SOUND = NAMES[:-1]  # the last one diverges
EVERY_MAP = ["prototypes", "hit_map", "u_matrix", "learning_curve", "reconstructions"]
EVERY_MAP += ["lateral_excitation"]
LEARNT_LATERAL = ["lateral_matrix", "global_inhibition", "column_inhibition"]
FIGURES = {
    "tiny-pan": EVERY_MAP,
    "tiny-digits": [*EVERY_MAP, "label_map"],
    "tiny-dream": [*EVERY_MAP, "label_map", *LEARNT_LATERAL],
    "tiny-wild": [*EVERY_MAP, "label_map"],
}
GIFS = {name: ["formation", "activity"] for name in NAMES}
GIFS["tiny-pan"] = [*GIFS["tiny-digits"], "trajectory"]
DATA = [
    "results/data/digits.h5",
    "results/data/digits.png",
    "results/data/tapestry.h5",
    "results/data/tapestry.png",
    "results/data/pan.h5",
    "results/data/pan.gif",
    "results/data/pan.gif.js",
]
PAGE = "results/index.html"
FINDINGS = "results/findings.json"
JUDGED = {FINDINGS, "results/findings.md"}
SWEEP = {"results/sweeps/tiny-strength.json", "results/sweeps/tiny-strength.png"}
# Trained and measured, without pictures: the sweep's points, and what findings need besides.
POINTS = [f"tiny-strength--{value}{seed}" for value in ("0.05", "0.2") for seed in ("", "--seed-1")]
REPLICATE = "tiny-digits--seed-1"


def figures_of(name):
    """The thumbnail is drawn together with them, and what the laboratory needs is written."""
    figures = {f"results/{name}/figures/{figure}.png" for figure in FIGURES[name]}
    return {*figures, f"results/{name}/thumbnail.png", f"results/{name}/map.js"}


def gifs_of(name):
    """Each is a GIF and a script."""
    return {f"results/{name}/{gif}.gif{script}" for gif in GIFS[name] for script in ("", ".js")}


def numbers_of(*names):
    parts = ("model.h5", "measures.json")
    return {f"results/{name}/{part}" for name in names for part in parts}


def shaped_by_code_of(name):
    return numbers_of(name) | figures_of(name) | gifs_of(name)


def files_of(name):
    """With the settings, which are for readers: nothing is made of them."""
    return shaped_by_code_of(name) | {f"results/{name}/config.yaml"}


OF_THE_SWEEP = SWEEP | numbers_of(*POINTS)
ALL_FILES = {PAGE}.union(DATA, OF_THE_SWEEP, numbers_of(REPLICATE), JUDGED, *map(files_of, NAMES))


GIT = shutil.which("git") is not None


def copy_project(folder):
    machine_code.keep()
    folder.mkdir(parents=True)
    for name in ("Snakefile", "config.yaml", "CITATION.cff", "LICENSE"):
        shutil.copy2(ROOT / name, folder)
    for name in ("workflow", "profiles", "src"):
        # With what is compiled: it belongs to the sources, which keep their time.
        shutil.copytree(ROOT / name, folder / name)
    for name in ("overlay.yaml", "findings.yaml"):
        shutil.copy2(ROOT / "tests" / name, folder)
    return folder


def snakemake(folder, *args, check=True, run=forking.snakemake):
    """Run it, which takes the shorter way to a process of its own unless told otherwise."""
    # As for a user whose environment isn't activated: no virtual environment on the PATH.
    path = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part
    )
    # And as from a cell of Jupyter, by somebody careful, whose shell has a python of its own.
    surroundings = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONSAFEPATH": "1",
        "BASH_FUNC_python%%": "() { false; }",
    }
    environment = {**os.environ, **surroundings, "PATH": path}
    done = run(folder, "--configfile", "overlay.yaml", *args, env=environment)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def started(folder, *args, env):
    """As a person starts Snakemake."""
    command = [sys.executable, "-m", "snakemake", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)


def planned(folder, *args):
    """The files that Snakemake would make."""
    output = snakemake(folder, "--dry-run", *args)
    lines = re.findall(r"^    output: (.*)$", output.stdout + output.stderr, re.MULTILINE)
    return {name for line in lines for name in line.split(", ")}


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = copy_project(tmp_path_factory.mktemp("built") / "a {project}, it's")
    if GIT:
        git(folder, "init", "--quiet")
        commit(folder, "src", "Snakefile")
    done = snakemake(folder, "--cores", "2", "--verbose")
    folder.with_name("said").write_text(done.stdout + done.stderr)
    return folder


def test_snakemake_chooses_among_jobs_when_one_has_ended(built):
    """And not again every second for each time that it did."""
    said = built.with_name("said").read_text()
    n_jobs = len(re.findall(r"^Finished jobid", said, re.MULTILINE))
    assert n_jobs > 10
    assert said.count("\nReady jobs: ") <= n_jobs + 2


def test_a_bound_that_somebody_set_is_kept(copy):
    targets = ["results/tiny-pan/config.yaml", "results/tiny-digits/config.yaml"]
    for target in targets:
        (copy / target).unlink()
    bound = ("--cores", "2", "--max-jobs-per-timespan", "1/1s")
    assert "Job rate limit reached" in snakemake(copy, *bound, "--", *targets).stderr


def git(folder, *args):
    named = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", folder, *named, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder, *paths):
    git(folder, "add", *paths)
    git(folder, "commit", "--quiet", "--message", "some code")


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the finished tree, to change."""
    return shutil.copytree(built, tmp_path / "a copy", copy_function=shutil.copy2)


def change_overlay(folder, change):
    path = folder / "overlay.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))


def append(path, text):
    path.write_text(path.read_text() + text)


# ------------------------------------------------------------------ what a run makes


def test_every_file_is_made_and_none_is_left_over(built):
    made = {
        path.relative_to(built).as_posix()
        for path in (built / "results").rglob("*")
        if path.is_file() and path.suffix != ".log"
    }
    assert made == ALL_FILES


def test_data_sets(built):
    with h5py.File(built / "results/data/pan.h5") as pan:
        assert pan["train/pixels"].shape == (300, 20, 20)
        assert pan["held_out/pixels"].shape == (60, 20, 20)
        assert pan.attrs["kind"] == "sequence"
        with h5py.File(built / "results/data/tapestry.h5") as tapestry:
            assert tapestry["train/pixels"].shape == (168, 168)
            assert pan.attrs["over_sha256"] == tapestry.attrs["content_sha256"]
            with h5py.File(built / "results/data/digits.h5") as digits:
                assert tapestry.attrs["digits_sha256"] == digits.attrs["content_sha256"]
                assert "CC BY-SA" in digits.attrs["licence"]
                assert json.loads(digits.attrs["raw_sha256"])


@pytest.mark.parametrize(
    ("name", "epochs", "units"),
    [("tiny-pan", 3, 30), ("tiny-digits", 2, 36), ("tiny-dream", 2, 20)],
)
def test_trained_maps(built, name, epochs, units):
    home = built / "results" / name
    settings = yaml.safe_load((home / "config.yaml").read_text())
    with h5py.File(home / "model.h5") as model:
        assert json.loads(model.attrs["settings"]) == settings
        assert model["state/weights"].shape[0] == units
        assert np.isfinite(model["state/weights"][()]).all()
        assert model["snapshots/weights"].shape[0] == epochs + 1
        assert model["history/training_mse"].shape == (epochs,)
        assert model["history/training_mse"][-1] < model["history/training_mse"][0]
        with h5py.File(built / f"results/data/{settings['dataset']}.h5") as data:
            assert model.attrs["data_sha256"] == data.attrs["content_sha256"]


@pytest.mark.parametrize("name", SOUND)
def test_measures(built, name):
    measured = json.loads((built / f"results/{name}/measures.json").read_text())
    values = measured["measures"]
    assert values["held_out_samples"] == 60
    assert 0 < values["held_out_mse"] < 10
    assert 0 <= values["dead_in_training"] < 1
    assert -1 <= values["neighbour_correlation"] <= 1
    assert len(measured["curve"]["held_out_mse"]) == len(measured["curve"]["epoch"])
    # The last point of the curve is the map itself, up to the rounding of snapshots.
    assert measured["curve"]["held_out_mse"][-1] == pytest.approx(values["held_out_mse"], rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_pictures(built, name):
    home = built / "results" / name
    for figure in FIGURES[name]:
        picture = iio.imread(home / "figures" / f"{figure}.png")
        assert picture.shape[0] > 200
        assert picture.shape[1] > 400
        assert picture.std() > 5
        note = json.loads(iio.immeta(home / "figures" / f"{figure}.png")["Description"])
        assert note["made_by"].startswith("plot_map.py")
        with h5py.File(home / "model.h5") as model:
            assert note["model_sha256"] == model.attrs["content_sha256"]
            assert note["data_sha256"] == model.attrs["data_sha256"]
        assert len(note["code_sha256"]) == 64


@pytest.mark.parametrize(
    ("path", "lasts_ms"),
    [
        ("tiny-pan/activity.gif", 40 * 100),
        ("tiny-pan/trajectory.gif", 40 * 100),
        ("tiny-digits/activity.gif", 12 * 400),
        ("tiny-pan/formation.gif", 3 * 400 + 2000),
        ("data/pan.gif", 40 * 100),
    ],
)
def test_gifs(built, path, lasts_ms):
    path = built / "results" / path
    frames = len(iio.imread(path, index=None))
    durations = [iio.immeta(path, index=number)["duration"] for number in range(frames)]
    assert sum(durations) == lasts_ms


def test_page_links_to_files_that_exist(built):
    html = (built / PAGE).read_text()
    links = set(re.findall(r'(?:src|href|data-script)="([^"#]+)"', html)) - {"data:,"}
    of_maps = {
        f"results/{name}/{file}"
        for name in NAMES
        for file in ("measures.json", "config.yaml", "model.h5", "logs/")
    }
    pictures = {path for path in ALL_FILES if path.endswith((".png", ".gif", ".gif.js"))}
    assert {f"results/{link}" for link in links} == pictures | of_maps
    for link in links:
        assert "://" not in link
        assert (built / "results" / link).exists(), link
    assert (
        "Does a small map of &lt;digits&gt;, {braces} &amp; &#34;quotes&#34; come out whole?"
        in html
    )
    for name in NAMES:
        assert f'<section class="view experiment" id="{name}"' in html
        measured = json.loads((built / f"results/{name}/measures.json").read_text())
        if name in SOUND:
            assert format(measured["measures"]["held_out_mse"], ".4f") in html
        assert measured["data_sha256"] in html
        assert measured["model_made_by"]["code_sha256"] in html


def test_a_map_that_diverged_is_made_and_shown_as_such(built):
    measured = json.loads((built / "results/tiny-wild/measures.json").read_text())
    said = measured["divergence"]
    assert re.match(r"diverged at step \d+ \(epoch \d\): ", said)
    html = (built / PAGE).read_text()
    assert f"This training {said}." in html.replace("&gt;", ">")
    assert html.count(f">{said.split(' (')[0]}<") == 1
    assert said in (built / "results/tiny-wild/logs/train.log").read_text()


def test_sweeps_and_findings_are_made_and_shown(built):
    sweep = json.loads((built / "results/sweeps/tiny-strength.json").read_text())
    assert [(point["name"], point["value"], point["seed"]) for point in sweep["points"]] == [
        ("tiny-strength--0.05", 0.05, 0),
        ("tiny-strength--0.05--seed-1", 0.05, 1),
        ("tiny-strength--0.2", 0.2, 0),
        ("tiny-strength--0.2--seed-1", 0.2, 1),
    ]
    measured = json.loads((built / "results/tiny-strength--0.2/measures.json").read_text())
    assert sweep["points"][2]["measures"] == measured["measures"]
    assert iio.imread(built / "results/sweeps/tiny-strength.png").std() > 5
    found = json.loads((built / FINDINGS).read_text())["findings"]
    assert [(one["id"], one["verdict"]) for one in found] == [
        ("has-an-error", "holds"),
        ("strength-orders-much", "does not hold"),
        ("works-on-cifar", "not measured"),
    ]
    errors = [
        json.loads((built / f"results/{name}/measures.json").read_text())["measures"][
            "held_out_mse"
        ]
        for name in ("tiny-digits", "tiny-digits--seed-1")
    ]
    assert [value["value"] for value in found[0]["claims"][0]["values"]] == errors
    table = (built / "results/findings.md").read_text()
    row = r"\| \*\*does not hold\*\*(<br>effect: [^|]*)? \| gain in correlation: tiny-strength--0.2 minus"
    assert re.search(row, table)
    html = (built / PAGE).read_text()
    assert "Four times the strength gives five times the order &amp; &#34;more&#34;." in html
    assert "What does strength do to a tiny map?" in html
    assert "Maps of a few units" in html


def test_what_lacks_a_source_is_left_out_and_said(built):
    why = "needs CIFAR-10: set datasets.cifar10.source (docs/data.md)"
    html = (built / PAGE).read_text()
    assert ">Does the same architecture work on CIFAR-10?</td>" in html
    assert f"<p>Not measured: {why}.</p>" in html
    assert f"| **not measured**<br>{why} |  |" in (built / "results/findings.md").read_text()
    said = [snakemake(built, "--dry-run", *names) for names in ([], ["results/tiny-pan/model.h5"])]
    assert [done.stderr.count("topodream: not made, 5 of 10 ") for done in said] == [1, 0]
    asked = "results/cifar-colour/activity.gif"
    refused = snakemake(built, "--dry-run", asked, check=False)
    assert refused.returncode == 1
    assert f"topodream: experiment 'cifar-colour' {why}" in refused.stderr.splitlines()


def test_page_names_no_path_of_this_machine(built):
    for path in ALL_FILES:
        assert str(built).encode() not in (built / path).read_bytes(), path


def test_another_clone_gives_the_same_bytes(built, tmp_path):
    other = copy_project(tmp_path / "elsewhere")
    if GIT:
        shutil.copytree(built / ".git", other / ".git")
        (other / "README.md").write_text("A commit that changes no code.")
        commit(other, "README.md")
    snakemake(other, "--cores", "1")
    for path in sorted(ALL_FILES):
        assert (other / path).read_bytes() == (built / path).read_bytes(), path


def test_processes_of_their_own_give_the_same_bytes_as_copies(built, copy):
    """As a person starts them: of each kind of picture, and what no other test starts so."""
    lost = {PAGE, *JUDGED, *SWEEP, *figures_of("tiny-digits"), "results/tiny-digits/config.yaml"}
    for path in lost:
        (copy / path).unlink()
    snakemake(copy, "--cores", "2", run=started)
    for path in sorted(lost):
        assert (copy / path).read_bytes() == (built / path).read_bytes(), path


def test_training_writes_plain_lines_into_its_log(built):
    log = (built / "results/tiny-pan/logs/train.log").read_text()
    assert re.fullmatch(r"(tiny-pan: epoch \d/3, MSE \d+\.\d{4}, [\d,]+ steps/s\n){3}", log), log


def test_snakemakes_own_report_leaves_out_what_is_large_and_says_so(built):
    """The study's would have 320 MB with all pictures; without these it has 32."""
    snakemake(built, "--report", "report.html")
    report = (built / "report.html").read_text()
    (built / "report.html").unlink()
    assert "Left out, so that browsers can open this file, is what is large" in report
    assert "on a logarithmic scale" in report  # a caption
    pictures = {Path(path).name for path in ALL_FILES if path.endswith(".png")}
    large = {Path(one.file).name for one in figures.FIGURES if not one.in_report}
    assert {"prototypes.png", "lateral_excitation.png"} <= pictures & large
    embedded = re.findall(r"filename=([^;]+);base64", report)
    assert {name for name in embedded if not name.endswith(".svg")} == pictures - large  # its logo


def test_a_site_is_made_of_the_page_if_it_is_asked_for(built):
    snakemake(built, "--cores", "1", "results/site.zip")
    path, log = built / "results/site.zip", built / "results/logs/site.log"
    size = path.stat().st_size / 1e6
    assert log.read_text().startswith(f"results/site.zip: {len(NAMES)} maps in ")
    assert f" files, {size:,.1f} MB; unpacked " in log.read_text()
    with zipfile.ZipFile(path) as content:
        assert "site/tiny-pan/activity.gif.js" in content.namelist()
    assert script_of("site.zip") in notes.read(path)["made_by"]
    path.unlink()
    log.unlink()


# ------------------------------------------------------------------ where it came from


def script_of(path):
    """The script that makes a file, by its name."""
    ends = {
        "/config.yaml": "resolve_experiment", "/model.h5": "train", "/measures.json": "measure",
        "index.html": "build_page", "site.zip": "pack_site", "/map.js": "plot_map",
        "/pan.gif.js": "render_sequence_gif", ".gif.js": "render_map_gifs",
        "/digits.h5": "prepare_mnist", "/tapestry.h5": "build_tapestry",
        "/pan.h5": "build_pan_sequence", "/tapestry.png": "plot_tapestry",
        "/digits.png": "plot_samples",
        "/pan.gif": "render_sequence_gif", "strength.json": "summarise_sweep",
        "strength.png": "plot_sweep", "findings.json": "judge_findings",
        "findings.md": "tabulate_findings", ".png": "plot_map", ".gif": "render_map_gifs",
    }  # fmt: skip
    return next(f"{script}.py" for end, script in ends.items() if path.endswith(end))


# Of the scripts of each kind of data, and of their pictures.
PACKAGES_OF_DATA = {
    made.script: made.packages
    for kind in KINDS.values()
    for made in filter(None, (kind, kind.picture))
}


@pytest.mark.parametrize("path", sorted(ALL_FILES))
def test_every_file_says_what_made_it(built, path):
    note = notes.read(built / path)
    assert re.fullmatch(rf"{script_of(path)}, topodream \d+\.\d+\.\d+", note["made_by"])
    assert re.fullmatch(r"[0-9a-f]{40}" if GIT else r"unknown \(.*\)", note["commit"])
    assert re.fullmatch(r"[0-9a-f]{64}", note["code_sha256"])
    script = script_of(path)
    packages = PACKAGES_OF_DATA.get(script) or provenance.PACKAGES.get(script, ())
    assert set(note["versions"]) == {"python", "numpy", *packages}
    assert note.get("device") == ("cpu" if path.endswith("model.h5") else None)
    assert isinstance(note["options"], dict)


@pytest.mark.parametrize("path", sorted(ALL_FILES))
def test_every_file_says_its_settings(built, path):
    note, name = notes.read(built / path), path.split("/")[1]
    options = {
        "data/digits.h5": {"source": "embedded"},
        "data/tapestry.h5": {"side": 6},
        "data/pan.gif": {"frames": 40, "frame_ms": 100},
        "measures.json": {"held_out": 60, "no_curve": name not in (*NAMES, REPLICATE)},
        "hit_map.png": {"count": 12},
    }
    for end, expected in options.items():
        if path.endswith(end):
            assert note["options"] == expected
    if path.endswith("pan.h5"):
        assert note["options"]["frames"] == 300
    elif name == "sweeps":
        told = note.get("settings") or note["options"]
        assert told["sweep"]["keys"] == ["lateral.strength"]
    elif path == FINDINGS:
        assert note["options"]["statements"]["has-an-error"]["claims"]
    elif path == PAGE:
        assert list(note["options"]["experiments"]) == NAMES
    elif name not in ("data", "findings.md"):
        assert note["settings"]["name"] == name
        assert note["settings"]["grid"]["rows"] in (5, 6)


@pytest.mark.parametrize("path", sorted(ALL_FILES))
def test_every_file_leads_back_to_the_raw_data(built, path):
    found = lineage.trace(built / path)
    assert found.broken == []
    raw = {link.name: link.sha256 for link in found.links if link.what == "raw"}
    if path.endswith("config.yaml"):
        assert found.links == []
    else:
        assert raw == notes.read(built / "results/data/digits.h5")["raw_sha256"]
        assert all(
            link.state == (mnist.FROM_PACKAGE if link.what == "raw" else lineage.MATCHES)
            for link in found.links
        )
    # It says so in its own file too, not only at the end of the chain.
    if not path.endswith(("config.yaml", "digits.h5")):
        assert any(
            key.endswith("_sha256") and key != "code_sha256" for key in found.notes[built / path]
        )


def trace(folder, path, *args):
    return forking.script(folder / "src/trace_provenance.py", path, *args, folder=folder)


def test_a_chain_as_it_is_printed(built):
    lines = trace(built, "results/tiny-pan/figures/hit_map.png").stdout.splitlines()
    links = [line for line in lines if "<-" in line and "raw" not in line]
    assert links == [
        "<- model results/tiny-pan/model.h5: matches",
        "  <- data results/data/pan.h5: matches",
        "    <- over results/data/tapestry.h5: matches",
        "      <- digits results/data/digits.h5: matches",
        "<- measures results/tiny-pan/measures.json: matches",
        "  <- model results/tiny-pan/model.h5: see above",
        "  <- data results/data/pan.h5: see above",
    ]
    assert lines[-1] == "Unbroken: 14 links, and every file is the one that was used."
    assert sum("comes with topodream" in line for line in lines) == 6
    assert sum(line.split() == ["computed", "on", "cpu"] for line in lines) == 1
    counted = trace(built, "results/sweeps/tiny-strength.png").stdout
    assert "  <- 4 measures: 4 match\n" in counted
    assert "    <- 4 models: 4 match\n" in counted
    assert counted.count("<- data") == 1


def test_a_chain_that_is_broken_says_where(copy):
    figure, model = "results/tiny-pan/figures/hit_map.png", copy / "results/tiny-pan/model.h5"
    shutil.copy(copy / "results/tiny-digits/model.h5", model)
    printed = trace(copy, figure).stdout
    assert "<- model results/tiny-pan/model.h5: has been made anew since\n" in printed
    assert "Broken: of " in printed
    append(copy / "results/tiny-pan/measures.json", " ")
    (copy / "results/data/pan.h5").unlink()
    told = json.loads(trace(copy, figure, "--json").stdout)
    assert not told["unbroken"]
    states = {link["what"]: (link["state"], link["file"]) for link in told["links"]}
    assert states["model"] == (lineage.ANEW, "tiny-pan/model.h5")
    assert states["measures"] == (lineage.ANEW, "tiny-pan/measures.json")
    assert states["data"] == (lineage.ABSENT, None)
    (by_bytes,) = (link for link in told["links"] if link["what"] == "measures")
    measures = copy / "results/tiny-pan/measures.json"
    assert by_bytes["found_sha256"] == file_digest(measures) != by_bytes["sha256"]
    model.write_bytes(model.read_bytes()[:1000])
    assert "<- model results/tiny-pan/model.h5: damaged\n" in trace(copy, figure).stdout


def test_many_files_of_which_some_are_others(copy):
    append(copy / "results/tiny-strength--0.2/measures.json", " ")
    (copy / "results/tiny-strength--0.05/measures.json").unlink()
    printed = trace(copy, "results/sweeps/tiny-strength.json").stdout
    (counted,) = (line for line in printed.splitlines() if line.startswith("<- 4 measures: "))
    assert set(counted.removeprefix("<- 4 measures: ").split(", ")) == {
        "1 are not there", "2 match", "1 have been made anew since",
    }  # fmt: skip
    assert "   has been made anew since: tiny-strength--0.2 " in printed
    assert "   not there: tiny-strength--0.05 " in printed


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("results", "cannot read results: it is a folder"),
        ("nothing.png", "cannot read nothing.png: no such file"),
        ("Snakefile", "Snakefile: does not say what made it, so it is no result of topodream"),
    ],
)
def test_what_has_no_chain_is_one_line(built, path, said):
    done = trace(built, path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"trace_provenance.py: error: {said}\n"


def test_the_page_shows_the_chain(built):
    html = (built / PAGE).read_text()
    model = notes.read(built / "results/tiny-pan/model.h5")
    assert f"<td>{model['commit']}</td>" in html
    computed_on = re.findall(r"<th[^>]*>computed on</th>\s*<td>(.*?)</td>", html)
    assert computed_on == ["cpu"] * len(NAMES)
    sets = {name: notes.read(built / f"results/data/{name}.h5") for name in ("digits", "pan")}
    # From the map to its data, and on: each digest leads to where its data set is described.
    digests = {
        "pan": model["data_sha256"],
        "tapestry": sets["pan"]["over_sha256"],
        "digits": sets["digits"]["content_sha256"],
    }
    for name, digest in digests.items():
        assert f'<a href="#data={name}">{digest}</a>' in html
        assert f'id="data={name}"' in html
    for digest in sets["digits"]["raw_sha256"].values():
        assert digest in html


# ------------------------------------------------------------------ the crate


def export(folder, *args):
    output = folder / "results/ro-crate-metadata.json"
    script = folder / "src/export_crate.py"
    return forking.script(script, "--output", output, *args, folder=folder), output


def entities(path):
    graph = json.loads(path.read_text())["@graph"]
    by_id = {entity["@id"]: entity for entity in graph}
    assert len(by_id) == len(graph)
    return by_id


def references(value):
    """All that a part of the crate refers to."""
    if isinstance(value, list):
        return {name for one in value for name in references(one)}
    return {value["@id"]} if isinstance(value, dict) else set()


DATE = [] if GIT else ["--date", "2024-12-31"]


@pytest.fixture
def crate(copy):
    (copy / "results/README.md").write_text("What is here.")
    done, path = export(copy, *DATE)
    assert done.returncode == 0, done.stderr
    return path


def test_a_crate_refers_to_nothing_that_is_not_there(crate):
    found = entities(crate)
    for entity in found.values():
        for value in entity.values():
            missing = references(value) - set(found) - {entity["@id"]}
            assert all("://" in name for name in missing), missing
    root, descriptor = found["./"], found["ro-crate-metadata.json"]
    assert descriptor["about"] == {"@id": "./"}
    profiles = {name for name in references(root["conformsTo"]) if "wfrun" in name}
    assert profiles == {
        f"https://w3id.org/ro/wfrun/{n}/0.5" for n in ("process", "workflow", "provenance")
    }
    workflow = found[root["mainEntity"]["@id"]]
    assert {"File", "ComputationalWorkflow", "HowTo"} <= set(workflow["@type"])
    assert found[workflow["programmingLanguage"]["@id"]]["name"] == "Snakemake"
    for key in ("name", "description", "license", "author"):
        assert root[key]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", root["datePublished"])


def test_a_crate_holds_every_file_of_the_page_as_it_is(crate):
    found = entities(crate)
    files = {name for name, entity in found.items() if "File" in entity["@type"]}
    for name in files:
        assert file_digest(crate.parent / name) == found[name]["sha256"], name
    assert files <= references(found["./"]["hasPart"])
    own = {"results/source_code/Snakefile", "results/README.md"}
    of_the_page = ALL_FILES - numbers_of(*POINTS, REPLICATE)
    assert {f"results/{name}" for name in files} == of_the_page | own


def test_every_run_in_a_crate_says_by_what_of_what_and_what(crate):
    found = entities(crate)
    runs = {name: one for name, one in found.items() if one["@type"] == "CreateAction"}
    assert set(runs) == references(found["./"]["mentions"])
    workflow = found["source_code/Snakefile"]
    whole = runs.pop("#run")
    assert whole["instrument"]["@id"] == workflow["@id"]
    made = set()
    for name, run in runs.items():
        assert references(run["instrument"]) <= references(workflow["hasPart"]), name
        assert references(run["object"]), name
        assert references(run["result"]).isdisjoint(made), name
        made |= references(run["result"])
    steps = [found[name] for name in references(workflow["step"])]
    examples = {tool for step in steps for tool in references(step["workExample"])}
    assert examples == references(workflow["hasPart"])
    files = {name for name, entity in found.items() if "File" in entity["@type"]}
    assert made == references(whole["result"]) == files - {"source_code/Snakefile", "README.md"}
    (training,) = (one for one in runs.values() if "tiny-pan/model.h5" in references(one["result"]))
    assert training["description"].endswith("made 1 of the files on cpu")
    used = references(training["object"])
    assert {"data/pan.h5", "tiny-pan/config.yaml", "#parameter/learning_rate=0.03"} <= used
    tool = found[training["instrument"]["@id"]]
    model = notes.read(crate.parent / "tiny-pan/model.h5")
    assert tool["name"] == "train.py"
    assert tool["sha256"] == model["code_sha256"]
    assert model["commit"] in tool["version"]
    (digits,) = (one for one in runs.values() if "data/digits.h5" in references(one["result"]))
    raw = {found[name]["sha256"] for name in references(digits["object"]) if "#raw/" in name}
    assert references(whole["object"]) <= references(digits["object"])
    assert raw == set(notes.read(crate.parent / "data/digits.h5")["raw_sha256"].values())


def test_identifiers_in_a_crate_say_where_files_lie(crate):
    done, _ = export(crate.parent.parent, *DATE, "--points")
    assert done.returncode == 0, done.stderr
    found = entities(crate)
    runs = {name: one for name, one in found.items() if one["@type"] == "CreateAction"}
    assert "index.html" in references(runs.pop("#run")["result"])
    for identity, run in runs.items():
        script, home = re.fullmatch(r"#(\w+)/(.+)/[0-9a-f]{12}", identity).groups()
        assert run["name"] == f"{script}/{home}"
        for name in references(run["result"]):
            path = Path(name.replace("/figures/", "/"))
            folder, of_its_own = str(path.parent), f"{path.parent}/{path.name.split('.')[0]}"
            homes = {".": "results", "data": of_its_own, "sweeps": of_its_own}
            assert home == homes.get(folder, folder), identity
    others = {name for name, one in found.items() if one["@type"] != "File"} - set(runs)
    kinds = "parameter|licence|author|step|raw|measures|run|[a-z_]+\\.py"
    for name in others - {"./", "source_code/", "source_code/Snakefile", "ro-crate-metadata.json"}:
        assert re.match(rf"#({kinds})(/|$)|https://", name), name


def test_the_same_results_give_the_same_crate(crate):
    before = crate.read_bytes()
    assert str(crate.parent.parent).encode() not in before
    done, _ = export(crate.parent.parent, *DATE)
    assert done.returncode == 0, done.stderr
    assert crate.read_bytes() == before
    export(crate.parent.parent, *DATE, "--points")
    assert "tiny-strength--0.05/model.h5" in entities(crate)


def test_a_crate_says_where_the_chain_is_broken(crate):
    (crate.parent / "data/pan.h5").unlink()
    export(crate.parent.parent, *DATE)
    found = entities(crate)
    digest = notes.read(crate.parent / "tiny-pan/model.h5")["data_sha256"]
    assert found[f"#data/{digest}"]["description"] == lineage.ABSENT


def test_a_crate_needs_a_page_and_a_date(copy):
    shutil.rmtree(copy / ".git", ignore_errors=True)
    done, path = export(copy)
    assert done.stderr == (
        "export_crate.py: error: git can't tell when the code was committed: give --date YYYY-MM-DD\n"
    )
    done, path = export(copy, "--date", "2024-13")
    assert "2024-13 is not allowed: a date such as 2024-12-31" in done.stderr
    (copy / PAGE).unlink()
    done, path = export(copy, "--date", "2024-12-31")
    assert done.returncode == 1
    assert "cannot read" in done.stderr
    assert not path.exists()


# ------------------------------------------------------------------ what is made again


def test_a_second_run_does_nothing(built):
    done = snakemake(built, "--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_target_needs_only_what_it_is_made_of(tmp_path):
    folder = copy_project(tmp_path / "fresh")
    assert planned(folder, "results/tiny-digits/activity.gif") == {
        "results/data/digits.h5",
        "results/tiny-digits/model.h5",
        *gifs_of("tiny-digits"),
    }


@pytest.mark.parametrize("kept", [{PAGE}, ALL_FILES - {PAGE}], ids=["page", "all else"])
def test_what_was_deleted_is_made_again(copy, kept):
    for path in ALL_FILES - kept:
        (copy / path).unlink()
    assert planned(copy) >= ALL_FILES - kept


def test_changing_an_experiment_makes_only_that_one_again(copy):
    change_overlay(copy, lambda c: c["experiments"]["tiny-digits"].update(learning_rate=0.02))
    changed = files_of("tiny-digits") | numbers_of(REPLICATE)
    assert planned(copy) == {PAGE, *changed, *JUDGED}


def test_maps_at_work_baselines_and_maps_that_start_from_others(copy):
    more = {"extends": "tiny-digits", "start_from": "tiny-digits", "learning_rate": 0.01}
    swept = {"extends": "more", "over": {"seed": [0, 1]}, "measures": ["held_out_mse"]}
    change_overlay(copy, lambda c: c["experiments"].update(more=more))
    change_overlay(copy, lambda c: c["sweeps"].update(seeds=swept))
    shown = ("more/responses/digits.h5", "seeds--1/responses/digits.h5")
    asked_for = (*shown, "more/measures.json", "tiny-pan/baselines.json")
    targets = [f"results/{name}" for name in asked_for]
    snakemake(copy, "--", *targets)
    measured, compared = (json.loads((copy / target).read_text()) for target in targets[2:])
    of_pan = json.loads((copy / "results/tiny-pan/measures.json").read_text())
    assert compared["model_sha256"] == of_pan["model_sha256"]
    own, mean = (one["held_out_mse"] for one in compared["baselines"][:2])
    assert (own, mean) == tuple(of_pan["measures"][f"{k}_mse"] for k in ("held_out", "mean_image"))
    # The page shows them, and is no reason to make them.
    assert planned(copy) == {PAGE}
    made = [h5py.File(copy / target).attrs for target in targets[:2]]
    assert made[0]["model_sha256"] == measured["model_sha256"]
    assert [one["n_train"] for one in made] == [4000, 4000]
    chain = lineage.trace(copy / targets[1]).links
    assert {("start", "tiny-digits"), ("images", "digits")} <= {
        (one.what, one.name) for one in chain
    }
    assert all(one.state not in lineage.BROKEN for one in chain)
    assert not planned(copy, "--", *targets)
    # Another start trains anew what starts from it; and what is done with the one, is done again.
    change_overlay(copy, lambda c: c["experiments"]["tiny-digits"].update(learning_rate=0.02))
    models = {f"results/{name}/model.h5" for name in ("tiny-digits", "more", "seeds--1")}
    assert planned(copy, "--", *targets) == {*targets[:-1], *models}


def test_swapping_two_numbers_is_noticed(copy):
    change_overlay(copy, lambda c: c["experiments"]["tiny-pan"].update(grid={"rows": 6, "cols": 5}))
    changed = files_of("tiny-pan") | OF_THE_SWEEP
    assert planned(copy) == {PAGE, *changed, *JUDGED}


def test_a_default_that_an_experiment_overrides_concerns_only_the_others(copy):
    change_overlay(copy, lambda c: c.update(defaults={"mwta": {"trace": 0.25}}))
    changed = files_of("tiny-digits") | numbers_of(REPLICATE) | files_of("tiny-wild")
    assert planned(copy) == {PAGE, *changed, *JUDGED}


def test_changing_a_question_rewrites_only_the_page(copy):
    change_overlay(copy, lambda c: c["experiments"]["tiny-pan"].update(question="Why?"))
    assert planned(copy) == {PAGE}


def test_an_experiment_more_leaves_the_others_alone(copy):
    change_overlay(copy, lambda c: c["experiments"].update(more={"extends": "tiny-digits"}))
    change_overlay(copy, lambda c: c["run"].append("more"))
    more = {path.replace("tiny-digits", "more") for path in files_of("tiny-digits")}
    assert planned(copy) == {PAGE} | more


def test_changing_the_animation_leaves_maps_and_figures_alone(copy):
    change_overlay(copy, lambda c: c["animation"].update(sequence_frames=20))
    gifs = set().union(*map(gifs_of, NAMES))
    assert planned(copy) == {PAGE, "results/data/pan.gif", "results/data/pan.gif.js", *gifs}


def test_editing_how_figures_are_drawn_redraws_only_them(copy):
    append(copy / "src/plot_map.py", "# a remark\n")
    assert planned(copy) == {PAGE, *set().union(*map(figures_of, NAMES))}


@pytest.mark.parametrize(
    ("room", "pictures_of", "names"),
    [
        ("figures/label_map.py", figures_of, ["tiny-digits", "tiny-dream", "tiny-wild"]),
        ("figures/lateral_matrix.py", figures_of, ["tiny-dream"]),
        ("animations/formation.py", gifs_of, NAMES),
    ],
)
def test_editing_a_picture_redraws_those_of_the_maps_that_have_it(copy, room, pictures_of, names):
    append(copy / "src/topodream/pictures" / room, "# a remark\n")
    assert planned(copy) == {PAGE, *set().union(*map(pictures_of, names))}


@pytest.mark.parametrize(
    ("source", "trained"),
    [
        ("training/loop.py", [*NAMES, *POINTS, REPLICATE]),
        ("models/mwta.py", ["tiny-pan", "tiny-digits", "tiny-wild", *POINTS, REPLICATE]),
        ("models/sparse_dream.py", ["tiny-dream"]),
        ("engines/fast_mwta.py", ["tiny-pan", "tiny-digits", *POINTS, REPLICATE]),
        ("engines/fast_sparse_dream.py", ["tiny-dream"]),
        ("engines/reference.py", ["tiny-wild"]),
    ],
)
def test_editing_a_model_or_an_engine_retrains_its_maps_alone(copy, source, trained):
    append(copy / "src/topodream" / source, "# a remark\n")
    made = set().union(*(shaped_by_code_of(n) if n in NAMES else numbers_of(n) for n in trained))
    also = {*SWEEP, *JUDGED} if REPLICATE in trained else set()
    assert planned(copy) == {PAGE, *made, *also}


def test_editing_a_measure_measures_anew_and_trains_nothing(copy):
    append(copy / "src/topodream/measures/coding.py", "# a remark\n")
    measured = {f"results/{name}/measures.json" for name in [*NAMES, *POINTS, REPLICATE]}
    drawn = set().union(*map(figures_of, NAMES))  # the learning curve is of the measures
    assert planned(copy) == {PAGE, *measured, *drawn, *SWEEP, *JUDGED}


def test_other_versions_of_packages_train_anew(copy):
    """Here of one that only training uses."""
    other = "import importlib.metadata as m; v = m.version; "
    other += "m.version = lambda name: '0' if name == 'numba' else v(name)\n"
    common = copy / "workflow/rules/common.smk"
    common.write_text(other + common.read_text())
    made = OF_THE_SWEEP.union(numbers_of(REPLICATE), *map(shaped_by_code_of, NAMES))
    assert planned(copy) == {PAGE, *made, *JUDGED}


def other_cupy(folder):
    """Let the workflow find a version of CuPy that nothing was made with."""
    other = "import importlib.metadata as m; v = m.version; "
    other += "m.version = lambda name: '99' if name == 'cupy-cuda13x' else v(name)\n"
    common = folder / "workflow/rules/common.smk"
    common.write_text(other + common.read_text())


def test_kernels_for_a_gpu_and_cupy_are_nothing_to_maps_of_a_cpu(copy):
    for path in (copy / "src/topodream/engines").glob("cupy*"):
        append(path, "\n")
    other_cupy(copy)
    assert planned(copy) == set()


def test_editing_the_data_step_makes_everything_after_it(copy):
    append(copy / "src/build_pan_sequence.py", "# a remark\n")
    changed = shaped_by_code_of("tiny-pan") | OF_THE_SWEEP
    of_data = {f"results/data/pan.{suffix}" for suffix in ("h5", "gif", "gif.js")}
    after = {*of_data, *JUDGED, PAGE}
    assert planned(copy) == after | changed


def test_another_claim_is_judged_without_training(copy):
    path = copy / "findings.yaml"
    path.write_text(path.read_text().replace("above: 5", "above: 4"))
    assert planned(copy) == {PAGE, *JUDGED}


def test_one_value_more_in_a_sweep_trains_only_that(copy):
    over = {"lateral.strength": [0.05, 0.2, 0.3], "seed": [0, 1]}
    change_overlay(copy, lambda c: c["sweeps"]["tiny-strength"].update(over=over))
    point = "tiny-strength--0.3"
    assert planned(copy) == {PAGE, *SWEEP, *numbers_of(point, f"{point}--seed-1")}


def test_editing_how_sweeps_are_drawn_redraws_only_them(copy):
    append(copy / "src/topodream/pictures/sweep_figure.py", "# a remark\n")
    assert planned(copy) == {PAGE, "results/sweeps/tiny-strength.png"}


def test_touching_files_makes_nothing_again(copy):
    for folder in ("src", "workflow", "profiles"):
        for path in (copy / folder).rglob("*"):
            path.touch()
    for path in [*copy.glob("*.yaml"), *(copy / "results").rglob("*.h5")]:
        path.touch()
    assert planned(copy) == set()


def test_editing_the_readme_makes_nothing_again(copy):
    for page in ("README.md", "docs/model.md", "CHANGELOG.md"):
        (copy / page).parent.mkdir(exist_ok=True)
        (copy / page).write_text("Edited.")
    assert planned(copy) == set()


def test_prose_of_the_schema_makes_nothing_again(copy):
    schema = copy / "src/topodream/models/mwta.schema.yaml"
    schema.write_text(schema.read_text().replace("rows of units", "how many rows of units"))
    assert planned(copy) == set()


# ------------------------------------------------------------------ what the page keeps


def page_of(folder):
    """What the page shows: maps, sweeps, whether there are findings, and what it leaves out."""
    html = (folder / PAGE).read_text()
    left_out = re.search(r'<details class="left-out local">.*?</details>', html, re.DOTALL)
    rows = re.findall(r"<th.*?>(.*?)</th><td>(.*?)</td>", left_out[0]) if left_out else []
    maps = set(re.findall(r'<article class="card" data-name="(.*?)"', html))
    sweeps = set(re.findall(r'<article class="sweep" id="sweep=(.*?)"', html))
    return maps, sweeps, 'id="view=findings"' in html, dict(rows)


def make_page_of_one(folder):
    """Ask for one map alone, of which all is made; return what the page shows."""
    one = ("--cores", "2", "--config", "run=tiny-wild")
    done = snakemake(folder, *one)
    assert not {"train", "measure"} & set(re.findall(r"rule (\w+):", done.stdout + done.stderr))
    assert planned(folder, *one) == set()
    return page_of(folder)


def test_the_page_keeps_what_was_made_before(copy):
    everything = page_of(copy)
    assert everything == (set(NAMES), {"tiny-strength"}, True, {})
    assert make_page_of_one(copy) == everything
    for path in [*DATA, *(f"results/{name}/thumbnail.png" for name in NAMES)]:
        assert Path(path).name in (copy / PAGE).read_text() or path.endswith(".h5")
    assert f'"name":"{REPLICATE}"' in (copy / PAGE).read_text()


def test_the_page_leaves_out_what_the_config_would_make_otherwise(copy):
    change_overlay(copy, lambda c: c["experiments"]["tiny-digits"].update(learning_rate=0.5))
    maps, sweeps, findings, left_out = make_page_of_one(copy)
    assert maps == {"tiny-pan", "tiny-dream", "tiny-wild"}
    assert sweeps == {"tiny-strength"}
    assert not findings
    assert left_out == {
        "tiny-digits": "its settings have changed",
        "findings": "the settings of its maps have changed",
    }


def test_the_page_leaves_out_maps_of_other_data(copy):
    change_overlay(copy, lambda c: c["datasets"]["pan"].update(max_speed=2))
    maps, sweeps, findings, left_out = make_page_of_one(copy)
    assert maps == {"tiny-digits", "tiny-dream", "tiny-wild"}
    assert (sweeps, findings) == (set(), False)
    of_pan = ["tiny-pan", "tiny-strength", "findings"]
    assert left_out == dict.fromkeys(of_pan, "the settings of the data set pan have changed")


def test_the_page_leaves_out_what_was_drawn_otherwise(copy):
    change_overlay(copy, lambda c: c["animation"].update(sequence_frames=39))
    maps, _, _, left_out = make_page_of_one(copy)
    assert maps == {"tiny-wild"}
    assert left_out["tiny-pan"] == "trajectory.gif was drawn with other settings"
    assert left_out["tiny-digits"] == "activity.gif was drawn with other settings"


def test_the_page_notices_what_was_deleted_since(copy):
    assert make_page_of_one(copy)[0] == set(NAMES)
    deleted = {
        "tiny-pan": "results/tiny-pan/formation.gif",
        "tiny-digits": "results/tiny-digits/figures/hit_map.png",
        "tiny-dream": "results/tiny-dream/measures.json",
    }
    for file in deleted.values():
        (copy / file).unlink()
    maps, _, _, left_out = make_page_of_one(copy)
    assert maps == {"tiny-wild"}
    for name, file in deleted.items():
        assert left_out[name] == f"cannot read {file}: no such file"


def test_the_page_leaves_out_what_is_not_of_one_piece(copy):
    """A map that was trained, or a point of a sweep that was measured, since its pictures."""
    other = json.loads((copy / "results/tiny-strength--0.2/measures.json").read_text())
    storage.write_json(
        copy / "results/tiny-strength--0.2/measures.json",
        {**other, "measures": {}, "content_sha256": "x"},
    )
    (copy / "results/tiny-dream/model.h5").unlink()
    shutil.copy2(
        copy / "results/tiny-pan/figures/hit_map.png", copy / "results/tiny-digits/figures"
    )
    maps, sweeps, _, left_out = make_page_of_one(copy)
    assert maps == {"tiny-pan", "tiny-wild"}
    assert sweeps == set()
    anew = "of what it was made of, measures tiny-strength--0.2: has been made anew since"
    assert left_out == {
        "tiny-digits": "hit_map.png is of an earlier map",
        "tiny-dream": "of what it was made of, model tiny-dream: not there",
        "tiny-strength": anew,
        "findings": anew,
    }


def test_the_page_says_what_no_config_has_and_what_is_damaged(copy):
    def without(content):
        del content["experiments"]["tiny-dream"]
        content["run"] = ["tiny-pan"]
        content["sweeps"] = {}

    change_overlay(copy, without)
    (copy / "findings.yaml").write_text("findings: {seeds: [0], statements: {}}\n")
    path = copy / "results/tiny-digits/measures.json"
    path.write_text(path.read_text()[:-20])
    gif = copy / "results/tiny-pan/formation.gif"
    gif.write_bytes(gif.read_bytes()[:-1])
    maps, _, _, left_out = make_page_of_one(copy)
    assert maps == {"tiny-wild"}
    assert "formation.gif: damaged (not a whole GIF)" in left_out["tiny-pan"]
    assert left_out["tiny-dream"] == left_out["tiny-strength"] == "no config that was given has it"
    assert "damaged" in left_out["tiny-digits"]
    assert path.exists()


# ------------------------------------------------------------------ errors


def test_a_wrong_config_is_one_line(copy):
    change_overlay(copy, lambda c: c["experiments"]["tiny-pan"].update(epoch=3))
    done = snakemake(copy, "--dry-run", check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "topodream: experiment 'tiny-pan': unknown key epoch = 3 (did you mean 'epochs'?)"
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert "rule" not in done.stderr


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "config.yaml",
            "\nexperiments:\n  mine: {extends: trace-40}\n",
            "the key 'experiments' stands",
        ),
        ("findings.yaml", "\nfindings: {}\n", "the key 'findings' stands in line"),
        ("overlay.yaml", "\nrun: all\nrun: demo\n", "the key 'run' stands in line"),
        ("overlay.yaml", "\nanimation: {images_frames: 010}\n", "010 is the number 8 to YAML"),
    ],
)
def test_what_a_config_would_lose_without_a_word_is_one_line(copy, file, text, said):
    append(copy / file, text)
    done = snakemake(copy, "--dry-run", check=False)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("topodream: ")
    assert f"{file}: " in line
    assert said in line
    assert "Traceback" not in done.stderr + done.stdout


def test_a_source_that_is_missing_is_one_line(copy):
    (copy / "src/topodream/page/templates/page.css").unlink()
    done = snakemake(copy, "--dry-run", check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("topodream: cannot read ")
    assert last.endswith("/src/topodream/page/templates/page.css: no such file")
    assert "Traceback" not in done.stderr + done.stdout


def test_a_file_of_an_experiment_that_is_not_there_is_one_line(copy):
    done = snakemake(copy, "--dry-run", "results/tiny-pn/model.h5", check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "topodream: the folder of an experiment = 'tiny-pn': no such experiment "
        "(did you mean 'tiny-pan'?)"
    )
    assert "Traceback" not in done.stderr + done.stdout


def test_a_missing_folder_of_images_fails_and_leaves_nothing(tmp_path):
    folder = copy_project(tmp_path / "fresh")
    change_overlay(
        folder, lambda c: c["datasets"].update(digits={"source": "idx", "folder": "nowhere"})
    )
    done = snakemake(folder, "--cores", "1", "results/data/digits.h5", check=False)
    assert done.returncode != 0
    assert "prepare_mnist.py: error: no folder nowhere" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert [path.name for path in (folder / "results/data").iterdir()] == ["logs"]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_shows_why_a_step_failed(tmp_path):
    """So does plain Snakemake, and the log that both name."""
    folder = copy_project(tmp_path / "fresh")
    shutil.copy2(ROOT / "Makefile", folder)
    shutil.copy2(ROOT / "findings.yaml", folder)
    (folder / "empty").mkdir()
    config = (folder / "config.yaml").read_text().replace("run: all", "run: excited-20")
    (folder / "config.yaml").write_text(
        config.replace("source: embedded", "source: idx\n    folder: empty", 1)
    )
    command = ["make", "--assume-old=setup", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    said = "prepare_mnist.py: error: no file train-images-idx3-ubyte"
    assert said in output
    assert "tee results/data/logs/digits.log" in output
    assert said in (folder / "results/data/logs/digits.log").read_text()


@pytest.mark.parametrize("target", ["results", "site", "baselines"])
def test_what_make_asks_snakemake_for_can_be_planned(copy, target):
    command = ["make", "--dry-run", target, "BASELINES=tiny-digits"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    asked = [line for line in told.stdout.splitlines() if " -m snakemake " in line]
    assert asked
    for line in asked:
        snakemake(copy, "--dry-run", *shlex.split(line.split(" -m snakemake ")[1]))


def test_make_takes_settings_of_ones_own(copy, tmp_path):
    config = tmp_path / "mine.yaml"
    settings = yaml.safe_load((copy / "overlay.yaml").read_text())
    settings["experiments"]["mine"] = {"question": "?", "extends": "tiny-digits", "seed": 5}
    config.write_text(yaml.safe_dump(settings))
    command = ["make", "--dry-run", "site", f"CONFIG={config}", "RUN=mine"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = (line for line in told.stdout.splitlines() if " -m snakemake " in line)
    asked = line.split(" -m snakemake ")[1].replace("--quiet rules host", "")
    done = forking.snakemake(copy, "--dry-run", *shlex.split(asked))
    assert done.returncode == 0, done.stderr
    assert "results/mine/model.h5" in done.stdout
    assert "results/tiny-digits/" not in done.stdout
    command = ["make", "--dry-run", "site", "CONFIG=none.yaml"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode != 0
    assert "CONFIG=none.yaml: there is no such file" in told.stderr


def test_training_that_diverges_fails_where_that_is_asked_for(tmp_path):
    folder = copy_project(tmp_path / "fresh")
    wild = {"extends": "excited-20", "learning_rate": 10, "lateral": {"strength": 2}}
    wild |= {"grid": {"rows": 5, "cols": 5}, "steps_per_epoch": 200, "engine": "reference"}
    wild |= {"on_divergence": "fail"}
    change_overlay(folder, lambda c: c["experiments"].update(wild=wild))
    done = snakemake(folder, "--cores", "1", "results/wild/model.h5", check=False)
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert "train.py: error: wild diverged at step" in output
    assert "Error in rule train" in output
    assert "MissingOutputException" not in output
    assert not (folder / "results/wild/model.h5").exists()


def test_rules_name_their_experiments_through_inputs_and_params():
    """A wildcard in a shell command is no part of what Snakemake compares or caches by."""
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for shell in re.findall(r"shell:\n(.*?)(?:\n\n|\Z)", path.read_text(), re.DOTALL):
            assert "{wildcards" not in shell, path


def test_snakemakes_linter_misses_conda_and_nothing_else(copy):
    """The environment is one for all rules, locked: docs/decisions/09."""
    done = snakemake(copy, "--lint", "text", check=False)
    complaints = re.findall(r"^    \* (.*?):?$", done.stdout + done.stderr, re.MULTILINE)
    assert set(complaints) == {"Specify a conda environment or container for each rule."}


def test_every_rule_has_a_log_and_says_what_it_makes():
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = path.read_text()
        # Commands that rules share stand in their place.
        for name, command in re.findall(r"^([A-Z]+) = \(\n(.*?)\n\)$", text, re.M | re.S):
            text = text.replace(f"shell:\n            {name}\n", f"shell:\n{command}\n")
            text = text.replace(f"shell:\n        {name}\n", f"shell:\n{command}\n")
        rules = re.findall(r"^ *rule(?: \w+)?:\n(.*?)(?:\n\n\n|\Z)", text, re.M | re.S)
        assert rules or path.name == "common.smk"
        for rule in rules:
            assert rule.lstrip().startswith('"""'), path
            assert "    log:" in rule, path
            # What a step prints is seen, whatever Snakemake is told to be quiet about.
            assert rule.rstrip().endswith('2>&1 | tee {log:q}"'), (path, rule)
            for asked in ("mem_mb=", "runtime="):
                assert asked in rule, (path, rule)
