"""A short run of the fuzzer, and that it notices what it is to notice."""

import os
import signal
import tempfile
from pathlib import Path

import fuzz
import pytest
import targets

from topodream.files.errors import InputError
from topodream.origin import provenance

VICTIM = "data/digits.h5"


@pytest.fixture(scope="module")
def place():
    """Sound files, in a folder that a user without rights may enter."""
    real = provenance.code_digest
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        try:
            yield fuzz.prepare(Path(folder))
        finally:
            provenance.code_digest = real
            fuzz.unmount(Path(folder) / "small")


def test_damage_is_one_clear_line_and_nothing_is_lost(place):
    ended = fuzz.fuzz(400, "test", place)
    assert len(ended) == 400
    assert [one for one in ended if one[1] in fuzz.BAD] == []
    assert sum(how == "one line" for _, how, _ in ended) > 250
    assert sum(how == "accepted" for _, how, _ in ended) > 20


def raises(home):
    raise ValueError("no line of the project's")


def says_two_lines(home):
    error = InputError("")
    error.args = (f"{home / VICTIM}\nis wrong",)
    raise error


def names_no_file(home):
    raise InputError("something is wrong")


def crashes(home):
    os.kill(os.getpid(), signal.SIGKILL)


def never_ends(home):
    while True:
        pass


def waits_in_the_system(home):
    os.read(os.pipe()[0], 1)


def writes_in_place(home):
    (home / "data/tapestry.h5").write_bytes(b"half")
    raise InputError(f"{home / VICTIM} is wrong")


def removes(home):
    (home / "data/tapestry.h5").unlink()
    raise InputError(f"{home / VICTIM} is wrong")


def leaves_a_temporary(home):
    (home / "data/.0123abcd.tapestry.h5").write_bytes(b"half")
    raise InputError(f"{home / VICTIM} is wrong")


def takes_whatever_is_there(home):
    path = home / VICTIM
    if not path.is_file():  # nor a device without an end
        raise InputError(f"{path} is no file")
    return path.read_bytes()


def ends_with_status_0_and_half_a_file(home):
    (home / "out.h5").write_bytes(b"half")


def says_nothing(home):
    raise targets.Failed(1, "")


@pytest.mark.parametrize(
    ("planted", "output", "found"),
    [
        (raises, "", "traceback"),
        (says_two_lines, "", "traceback"),
        (names_no_file, "", "traceback"),
        (says_nothing, "out.h5", "traceback"),
        (crashes, "", "traceback"),
        (never_ends, "", "hang"),
        (waits_in_the_system, "", "hang"),
        (writes_in_place, "", "lost"),
        (removes, "", "lost"),
        (leaves_a_temporary, "", "lost"),
        (takes_whatever_is_there, "", "lost"),
        (ends_with_status_0_and_half_a_file, "out.h5", "lost"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_is_planted_is_found(planted, output, found, place):
    planted_targets = {"planted": targets.Target(1, (VICTIM,), planted, output)}
    place.known["planted"] = (place.sound / VICTIM).read_bytes()
    cases = 2 if found == "hang" else 25
    ended = fuzz.fuzz(cases, "planted", place, planted_targets, seconds=0.5 if cases == 2 else 20)
    assert len(ended) == cases
    assert found in {how for case, how, _ in ended}
    # It is in the table, under its name.
    assert [line for line in fuzz.table(ended).splitlines() if line.startswith("planted")]


def test_a_case_is_the_same_whenever_it_is_run():
    one, other = fuzz.case_of("0", 17), fuzz.case_of("0", 17)
    assert (one.target, one.victim, one.how) == (other.target, other.victim, other.how)
    assert one.rng.random() == other.rng.random()
