"""How scripts end when what they are given, or where they print to, is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import forking
import pytest
from conftest import ROOT

EMBEDDED = ["prepare_mnist.py", "--source", "embedded", "--output"]


def run(*args, **options):
    script, *rest = args
    command = [sys.executable, ROOT / "src" / script, *rest]
    return subprocess.run(command, check=False, stderr=subprocess.PIPE, **options)


@pytest.fixture(params=["1", ""], ids=["unbuffered", "buffered"])
def environment(request):
    """Where what is printed fails at once, and where it fails in the end."""
    return {**os.environ, "PYTHONUNBUFFERED": request.param}


def test_what_is_printed_to_a_full_disk_is_one_clear_line(environment, tmp_path):
    with Path("/dev/full").open("w") as full:
        done = run(*EMBEDDED, tmp_path / "d.h5", stdout=full, env=environment)
    assert done.returncode == 1
    assert done.stderr == b"prepare_mnist.py: error: No space left on device\n"
    assert [path.name for path in tmp_path.iterdir()] == ["d.h5"]


def test_nobody_who_listens_is_one_clear_line(environment, tmp_path):
    ours, theirs = os.pipe()
    os.close(ours)
    done = run(*EMBEDDED, tmp_path / "d.h5", stdout=theirs, env=environment)
    os.close(theirs)
    assert done.returncode == 1
    assert done.stderr == b"prepare_mnist.py: error: Broken pipe\n"


def test_without_an_output_at_all_a_script_does_its_work(tmp_path):
    args = [str(part) for part in [ROOT / "src" / EMBEDDED[0], *EMBEDDED[1:], tmp_path / "d.h5"]]
    quoted = " ".join(f"'{part}'" for part in [sys.executable, *args])
    assert subprocess.run(["bash", "-c", f"{quoted} >&-"], check=False).returncode == 0
    assert (tmp_path / "d.h5").exists()


NAMES = [
    "it's a", "$(touch x); `touch x`|*", "{wildcards}", "a\nb", "ä 数", os.fsdecode(b"\xff\xfe"),
    "-x", "x" * 240 + ".h5",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_files_may_have_any_name(name, tmp_path):
    # Wherever it runs: elsewhere Python lets through what it can't encode, or knows UTF-8.
    strict = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = run(*EMBEDDED, tmp_path / name, stdout=subprocess.PIPE, env=strict)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == 1 + ("\n" in name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x" * 300, "a" * 250 + "/b" * 2500], ids=len)
def test_names_that_are_too_long_are_one_clear_line(name, tmp_path):
    done = run(*EMBEDDED, tmp_path / name, stdout=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.endswith(b": File name too long\n")
    assert done.stderr.count(b"\n") == 1


def test_options_that_are_quoted_in_an_error_leave_it_on_its_lines(tmp_path):
    done = run("measure.py", "--held-out", "1\n2\x1b[31m", stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(rb"1\n2\x1b[31m is not allowed: a whole number "
    b"from 2 to 1000000000")  # fmt: skip


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["build_page.py", "--contents", '{"experiments": {"../a": "?"}}'],
         "--contents: experiments: the name '../a' is"),
        (["build_page.py", "--contents", '{"experiments": {"/etc": "?"}}'],
         "--contents: experiments: the name '/etc' is"),
        (["build_page.py", "--contents", '{"experiments": {}, "datasets": [".."]}'],
         "--contents: datasets: the name '..'"),
        (["build_page.py", "--contents", '{"experiments": {}, "sweeps": ["a/b"]}'],
         "--contents: sweeps: the name 'a/b'"),
        (["build_page.py", "--contents", '{"a": "\\ud800"}'], "--contents: not JSON"),
        (["build_page.py", "--contents", '{"a": ' * 9999], "--contents: not JSON"),
        (["build_page.py", "--contents", '{"a": NaN}'], "--contents: not JSON"),
        (["judge_findings.py", "--results", ".", "--questions",
          '{"statements": {}, "replicates": {"a": {"0": "../a"}}}'],
         "--questions: replicates.a.0: '../a' is no name"),
        (["judge_findings.py", "--results", ".", "--questions",
          '{"statements": {}, "replicates": {"a": 3}}'], "--questions: replicates.a = 3 is no dict"),
        (["judge_findings.py", "--results", ".", "--questions",
          '{"replicates": {}, "statements": {"a": {"said": "", "source": "", "seeds": [0], '
          '"claims": [{"measure": "m", "of": "a", "above": 1e999}]}}}'],
         "--questions: statements.a.claims.0: above: inf is no number up to 1e+200"),
        (["summarise_sweep.py", "--results", ".", "--sweep", "{}"], "--sweep: it lacks 'name'"),
        (["summarise_sweep.py", "--results", ".", "--sweep", '{"name": "a", "question": "", '
          '"extends": "a", "keys": ["trace"], "measures": [], "points": []}'],
         "--sweep: it has no points"),
        (["resolve_experiment.py", "--settings", '{"name": "../a"}'], "the name '../a' is not"),
        (["resolve_experiment.py", "--settings", '{"name": "a", "model": ["mwta"]}'],
         "--settings: model = ['mwta'] is not allowed"),
    ],
)  # fmt: skip
def test_names_and_values_of_options_are_checked(args, said, tmp_path):
    output = tmp_path / "results" / "x"
    done = forking.script(*args, "--output", output, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert not list(output.parent.iterdir())


def test_a_link_into_a_cache_is_replaced_and_the_cache_left_alone(tmp_path):
    """Results can be links to files that other people share."""
    (tmp_path / "cached").write_bytes(b"shared")
    (tmp_path / "d.h5").symlink_to(tmp_path / "cached")
    assert run(*EMBEDDED, tmp_path / "d.h5", stdout=subprocess.PIPE).returncode == 0
    assert (tmp_path / "cached").read_bytes() == b"shared"
    assert not (tmp_path / "d.h5").is_symlink()


def test_json_of_options_is_json(tmp_path):
    settings = json.dumps({"name": "a", "grid": {"rows": 10**400, "cols": 1}, "model": "mwta"})
    args = ["resolve_experiment.py", "--settings", settings, "--output", tmp_path / "x.yaml"]
    done = forking.script(*args)
    assert done.returncode == 1
    assert "grid.rows = a number of more than 90 digits is not allowed" in done.stderr
