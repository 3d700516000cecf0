"""The scripts as they are used by hand."""

import ast
import contextlib
import os
import pty
import subprocess
import sys
import termios

import pytest
import yaml
from conftest import ROOT

from topodream import config, provenance

SCRIPTS = sorted((ROOT / "src").glob("*.py"))


def run(name, *args, **options):
    command = [sys.executable, str(ROOT / "src" / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_is_the_docstring_and_explains_every_option(script, tmp_path):
    # From another folder: a script finds the package beside it.
    done = run(script.name, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    docstring = ast.get_docstring(ast.parse(script.read_text()))
    assert docstring.splitlines()[0] in done.stdout
    assert "--output" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_code_inputs_name_all_that_a_script_imports(script):
    """What the workflow takes for a script's sources is what Python loads for it."""
    loaded = (
        "import runpy, sys, pathlib; "
        f"runpy.run_path({str(script)!r}, run_name='not main'); "
        "files = [getattr(m, '__file__', None) for m in list(sys.modules.values())]; "
        "print('\\n'.join(f for f in files if f))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    ours = {line for line in done.stdout.splitlines() if line.startswith(str(ROOT / "src"))}
    sources = {str(path) for path in provenance.local_sources(script)}
    assert ours <= sources
    assert str(ROOT / "src" / "topodream" / "cli.py") in ours


def test_engines_that_are_chosen_by_name_are_sources_too():
    sources = provenance.local_sources(ROOT / "src" / "train.py")
    assert ROOT / "src" / "topodream" / "engines" / "reference.py" in sources


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small map made by hand, script by script, in a folder with a space in its name."""
    home = tmp_path_factory.mktemp("by hand") / "my results"
    overlay = yaml.safe_load((ROOT / "tests" / "overlay.yaml").read_text())
    settings = yaml.safe_load((ROOT / "config.yaml").read_text())
    settings["experiments"] |= overlay["experiments"]
    config_file = home.parent / "config.yaml"
    config_file.write_text(yaml.safe_dump(settings))
    for args in (
        ["prepare_mnist.py", "--source", "embedded", "--output", home / "digits.h5"],
        ["resolve_experiment.py", "--config", config_file, "--experiment", "tiny-digits",
         "--output", home / "config.yaml"],
        ["train.py", "--data", home / "digits.h5", "--config", home / "config.yaml",
         "--output", home / "model.h5"],
    ):  # fmt: skip
        done = run(*args)
        assert done.returncode == 0, done.stderr
    return home


def test_by_hand_as_by_the_workflow(made):
    assert config.read_experiment(made / "config.yaml").name == "tiny-digits"
    assert sorted(path.name for path in made.iterdir()) == ["config.yaml", "digits.h5", "model.h5"]


def test_reconstructions_can_be_drawn_the_notebooks_way(made, tmp_path):
    common = ["--model", made / "model.h5", "--data", made / "digits.h5", "--count", 10]
    as_trained = run("plot_reconstructions.py", *common, "--output", tmp_path / "a.png")
    notebooks = run(
        "plot_reconstructions.py",
        *common,
        "--activation",
        "excited",
        "--output",
        tmp_path / "b.png",
    )
    assert as_trained.returncode == notebooks.returncode == 0, notebooks.stderr
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_bar_shows_progress_on_a_terminal(made, tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    args = ["--data", made / "digits.h5", "--config", made / "config.yaml"]
    command = [sys.executable, ROOT / "src" / "train.py", *args, "--output", tmp_path / "model.h5"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = ""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
            while text := os.read(ours, 1000).decode():
                shown += text
    os.close(ours)
    assert process.returncode == 0, shown
    assert "tiny-digits: 100%" in shown
    assert "epoch=2" in shown
    assert "steps/s" not in shown  # the plain lines are for logs


def test_a_log_gets_a_line_an_epoch_and_no_bar(made, tmp_path):
    args = ["--data", made / "digits.h5", "--config", made / "config.yaml"]
    done = run("train.py", *args, "--output", tmp_path / "model.h5")
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        "tiny-digits: epoch 1/2",
        "tiny-digits: epoch 2/2",
    ]
    assert done.stderr == ""


WRONG = [
    (["train.py", "--data", "{made}/none.h5", "--config", "{made}/config.yaml"], "no such file"),
    (["train.py", "--data", "{made}/model.h5", "--config", "{made}/config.yaml"], "holds map, needed"),
    (["train.py", "--data", "{made}/digits.h5", "--config", "{made}/no.yaml"], "cannot read"),
    (["measure.py", "--model", "{made}/digits.h5", "--data", "{made}/digits.h5", "--held-out", "9"],
     "holds images, needed: map"),
    (["prepare_mnist.py", "--source", "idx", "--folder", "{made}"], "no file train-images"),
    (["build_tapestry.py", "--digits", "{made}/digits.h5", "--side", "40"],
     "a tapestry of 40 x 40 needs 1600 images, the held-out images are only 1000"),
    (["resolve_experiment.py", "--config", str(ROOT / "config.yaml"), "--experiment", "nope"],
     "--experiment nope: not in"),
    (["resolve_experiment.py", "--settings", "nonsense"], "--settings: not JSON"),
    (["build_page.py", "--results", "{made}", "--experiments", '{{"a": "?"}}'], "cannot read"),
    (["build_page.py", "--results", "{made}", "--experiments", "a"], "--experiments: not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_input_is_one_line_and_writes_nothing(args, message, made, tmp_path):
    output = tmp_path / "out" / "file.x"
    done = run(*(arg.format(made=made) for arg in args), "--output", output)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"{args[0]}: error: ")
    assert message in done.stderr
    assert not output.exists()


def test_a_folder_that_can_not_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("prepare_mnist.py", "--source", "embedded", "--output", tmp_path / "file" / "x.h5")
    assert done.returncode == 1
    assert done.stderr.startswith("prepare_mnist.py: error: cannot write")
