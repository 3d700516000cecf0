"""What files say of their origin: the commit, the note, and how each kind of file carries it."""

import json
import os
import shutil
import stat
import subprocess
import sys

import made_results
import pytest
from conftest import ROOT
from PIL import Image

from topodream.files.errors import InputError
from topodream.files.storage import Content, write_hdf5, write_json
from topodream.origin import commits, notes, provenance

SOURCES = {"script.py": b"import other\n", "package/other.py": b"x = 1\n"}


def git(folder, *args):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    own = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *own, *args]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(command, env=kept, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder, message="."):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    """A repository whose folder ``code`` holds two sources, committed."""
    folder = tmp_path / "a repository, it's"
    for name, content in SOURCES.items():
        (folder / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "code" / name).write_bytes(content)
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def of(repository):
    """What is said of the sources as they are now."""
    code = repository / "code"
    return commits.last_commit(code, {name: (code / name).read_bytes() for name in SOURCES})


# ------------------------------------------------------------------ commits


def test_the_commit_is_the_last_that_changed_the_sources(repository):
    first = git(repository, "rev-parse", "HEAD")
    assert of(repository) == first
    (repository / "README.md").write_text("words")
    (repository / "code" / "another.py").write_text("y = 1\n")
    commit(repository)
    assert of(repository) == first
    (repository / "code" / "package" / "other.py").write_text("x = 2\n")
    assert of(repository) == f"{first}, edited since"
    second = commit(repository)
    assert of(repository) == second != first


def test_what_is_staged_is_edited_and_what_is_touched_is_not(repository):
    first = of(repository)
    (repository / "code" / "script.py").touch()
    assert of(repository) == first
    (repository / "code" / "script.py").write_text("import other  # a remark\n")
    git(repository, "add", "--all")
    git(repository, "update-index", "--assume-unchanged", "code/script.py")
    assert of(repository) == f"{first}, edited since"


def test_a_source_that_is_not_in_git_counts_as_edited(repository):
    first = of(repository)
    code = {**SOURCES, "new.py": b""}
    assert commits.last_commit(repository / "code", code) == f"{first}, edited since"


def test_every_clone_says_the_same_but_a_shallow_one(repository, tmp_path):
    (repository / "README.md").write_text("words")
    commit(repository)
    address = repository.as_uri()
    git(tmp_path, "clone", "--quiet", address, "whole")
    assert of(tmp_path / "whole") == of(repository)
    git(tmp_path, "clone", "--quiet", "--depth=1", address, "shallow")
    assert of(tmp_path / "shallow") == "unknown (a shallow clone)"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", address, "partial")
    assert of(tmp_path / "partial") == of(repository)


def test_a_branch_that_was_merged_keeps_its_commit(repository):
    git(repository, "switch", "--quiet", "--create", "other")
    (repository / "code" / "script.py").write_text("import other, sys\n")
    changed = commit(repository)
    git(repository, "switch", "--quiet", "-")
    (repository / "README.md").write_text("words")
    commit(repository)
    git(repository, "merge", "--quiet", "--no-ff", "--no-edit", "other")
    assert of(repository) == changed


def test_other_digests_of_git_are_understood(tmp_path):
    folder = tmp_path / "long"
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "long")
    (folder / "a.py").write_bytes(b"x")
    named = commit(folder)
    assert len(named) == 64
    assert commits.last_commit(folder, {"a.py": b"x"}) == named
    assert commits.last_commit(folder, {"a.py": b"y"}) == f"{named}, edited since"


def test_names_with_signs_are_names(repository):
    (repository / "code" / "[s]*.py").write_bytes(b"1")
    named = commit(repository)
    (repository / "code" / "script.py").write_bytes(b"2")
    commit(repository)
    assert commits.last_commit(repository / "code", {"[s]*.py": b"1"}) == named


def test_without_a_repository_or_a_commit_it_says_so(tmp_path):
    (tmp_path / "code").mkdir()
    assert commits.last_commit(tmp_path / "code", SOURCES) == "unknown (no git repository)"
    git(tmp_path, "init", "--quiet")
    assert commits.last_commit(tmp_path / "code", SOURCES) == "unknown (nothing is committed)"
    (tmp_path / "words").write_text("words")
    commit(tmp_path)
    assert commits.last_commit(tmp_path / "code", SOURCES) == "unknown (the code is not in git)"


def test_variables_of_git_lead_nowhere_else(repository, tmp_path, monkeypatch):
    before = of(repository)
    (tmp_path / "elsewhere").mkdir()
    git(tmp_path / "elsewhere", "init", "--quiet")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CEILING_DIRECTORIES"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere" / ".git"))
    monkeypatch.setenv("GIT_ICASE_PATHSPECS", "1")
    monkeypatch.setenv("GIT_TRACE", "1")
    assert of(repository) == before


def test_a_repository_of_somebody_else_is_not_read(repository, monkeypatch):
    monkeypatch.setattr(commits, "_environment", lambda: {
        "PATH": os.environ["PATH"], "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "LC_ALL": "C",
    })  # fmt: skip
    assert "does not trust the repository's owner" in of(repository)


@pytest.mark.parametrize(
    ("body", "said"),
    [(None, "git is not there"), ("sleep 9", "git gave no answer"), ("exit 3", "git failed")],
)
def test_git_that_is_missing_hangs_or_fails_stops_nothing(
    repository, tmp_path, monkeypatch, body, said
):
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    if body is not None:
        fake = bin_folder / "git"
        fake.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 9\n" if "sleep" in body else
                        f"#!/bin/sh\n{body}\n")  # fmt: skip
        fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setattr(commits, "TIMEOUT", 0.3)
    assert of(repository) == f"unknown ({said})"


def test_the_day_of_the_latest_commit(repository):
    named = [git(repository, "rev-parse", "HEAD")]
    for day in ("2031-05-06", "2030-01-02"):
        (repository / "README.md").write_text(day)
        git(repository, "add", "--all")
        dated = ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", day]
        kept = {**os.environ, "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
        subprocess.run(["git", "-C", repository, *dated], env=kept, check=True)
        named.append(git(repository, "rev-parse", "HEAD"))
    assert commits.date_of(repository, named) == "2031-05-06"
    assert commits.date_of(repository, named[2:]) == "2030-01-02"
    assert commits.date_of(repository, ["0" * 40]) is None


# ------------------------------------------------------------------ two clones


def prepare(clone, output):
    """Make the embedded digits with the code of a clone."""
    script = clone / "src" / "prepare_mnist.py"
    command = [sys.executable, script, "--source", "embedded", "--output", output]
    subprocess.run(command, check=True, capture_output=True)
    return output.read_bytes()


@pytest.mark.slow
def test_clones_at_other_commits_of_equal_code_write_equal_bytes(tmp_path):
    first = tmp_path / "first"
    shutil.copytree(ROOT / "src", first / "src", ignore=shutil.ignore_patterns("*.pyc", "*.nb*"))
    git(first, "init", "--quiet")
    named = commit(first)
    git(tmp_path, "clone", "--quiet", "first", "second")
    (tmp_path / "second" / "README.md").write_text("words")
    (tmp_path / "second" / "src" / "plot_map.py").write_text("'Another script.'\n")
    commit(tmp_path / "second")
    made = prepare(first, tmp_path / "a.h5")
    assert made == prepare(tmp_path / "second", tmp_path / "b.h5")
    assert notes.read(tmp_path / "a.h5")["commit"] == named
    with (first / "src" / "topodream" / "data" / "mnist.py").open("a") as source:
        source.write("# a remark\n")
    assert prepare(first, tmp_path / "c.h5") != made
    assert notes.read(tmp_path / "c.h5")["commit"] == f"{named}, edited since"


# ------------------------------------------------------------------ notes

NOTE = {"made_by": "a -->\u2028 b", "options": '{"side": 3}', "commit": "c"}


def write_note(path):
    if path.suffix == ".h5":
        write_hdf5(path, Content("map", {}, {}), NOTE)
    elif path.suffix == ".json":
        write_json(path, NOTE)
    elif path.suffix == ".gif":
        Image.new("P", (9, 9)).save(path, comment=json.dumps(NOTE).encode())
    else:
        # Scripts begin with it.
        before = "" if path.suffix == ".js" else "before: 1\n"
        path.write_text(f"{before}{notes.comment(path.suffix, NOTE)}after: 2\n")


@pytest.mark.parametrize("suffix", [".h5", ".json", ".gif", ".yaml", ".md", ".html", ".js"])
def test_a_note_is_read_as_it_was_written(tmp_path, suffix):
    path = tmp_path / f"file{suffix}"
    write_note(path)
    read = notes.read(path)
    assert {key: read[key] for key in NOTE} == {**NOTE, "options": {"side": 3}}
    if suffix in notes.COMMENTS:
        *_, comment, _ = path.read_text().splitlines()
        assert comment.count("-->") == (suffix in (".md", ".html"))


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_picture_of_somebody_else_has_no_note(tmp_path, name):
    made_results.make_picture(tmp_path / name, (9, 9))
    with pytest.raises(InputError, match="does not say what made it"):
        notes.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "words", "does not say what made it"),
        ("a.md", "words", "does not say what made it"),
        ("a.json", "{}", "does not say what made it"),
        ("a.md", "<!-- provenance: {nonsense} -->\n", "damaged"),
        ("a.png", "words", "damaged"),
        ("a.h5", "words", "damaged"),
        ("a.json", "words", "not a JSON file"),
        ("a.yaml", b"\xff", "damaged"),
        ("a.txt", None, "cannot read"),
        ("a.gif", None, "cannot read"),
    ],
)
def test_a_file_without_a_note_is_one_line(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said) as error:
        notes.read(tmp_path / name)
    assert "\n" not in str(error.value)


def test_code_that_counts_besides_changes_the_digest(monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(ROOT / "src" / "build_page.py")])
    template = ROOT / "src" / "topodream" / "page" / "templates" / "page.css"
    with_template = provenance.origin({}, also=[template])
    assert with_template["code_sha256"] != provenance.origin({})["code_sha256"]
