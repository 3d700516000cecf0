"""Damage what the project reads, and see that it says so: one line, no traceback, nothing lost.

    python tests/fuzz/fuzz.py --cases 20000 --seed 0
    python tests/fuzz/fuzz.py --seed 0 --only 1234      # one case again, with all that it said

Each case is a folder with sound files, of which one is damaged, or one that can't be written.
Cases run in processes of their own, as a user without rights: one that crashes or never ends is
counted, and the others go on. The status is 1 if there was a traceback, a hang, or a file lost.
"""

import argparse
import collections
import contextlib
import copy
import fcntl
import json
import os
import random
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "src")]

import damage  # noqa: E402
import targets  # noqa: E402

from topodream.files.errors import InputError, one_line  # noqa: E402
from topodream.origin import provenance  # noqa: E402

SECONDS = 20  # that a case may take
MEMORY = 6 * 2**30  # that a worker may have: what asks for more is to be an error, not the end
NOBODY = 65534
GOOD, BAD = ("one line", "accepted"), ("traceback", "hang", "lost")
# Damage after which what is read has to be what it was, or be refused: files with digests.
SEALED = (".h5",)


@dataclass
class Case:
    """One case: what is driven, which file is damaged, how."""

    number: int
    target: str
    victim: str
    how: str
    rng: random.Random


@dataclass
class Workplace:
    """Where cases run.

    Attributes
    ----------
    folder : Path
    sound : Path
        The folder with sound files, copied for each case.
    small : Path or None
        A file system of little room, where the computer lets us have one.
    """

    folder: Path
    sound: Path
    small: Path | None
    config: dict
    known: dict


# ------------------------------------------------------------------ what a case is

# Of outputs of scripts, in place of damage of what they read.
OUTPUTS = ("output is a folder", "read-only folder", "full disk", "limited file", "odd name")


def case_of(seed, number, targets_=None):
    """Return a case by its number: the same for the same seed."""
    chosen = targets_ or targets.TARGETS
    rng = random.Random(f"{seed}/{number}")  # noqa: S311
    target = rng.choices(list(chosen), [one.weight for one in chosen.values()])[0]
    victims = chosen[target].victims
    if not victims:
        return Case(number, target, "", "mutated", rng)
    victim = rng.choice(victims)
    ways = [*damage.BYTES, "huge", "other_file"]
    if Path(victim).suffix in (".h5", ".json", ".yaml", ".gz", ""):
        ways += ["forged"] * (12 if victim.endswith((".h5", ".json", ".yaml")) else 3)
    ways = ways if victim.startswith("options") else [*ways, *damage.PLACES]
    if victim.startswith("options"):
        ways = [way for way in ways if way not in ("huge", "other_file")]
    if chosen[target].output and rng.random() < 0.2:
        return Case(number, target, chosen[target].output, rng.choice(OUTPUTS), rng)
    return Case(number, target, victim, rng.choice(ways), rng)


@contextlib.contextmanager
def damaged(case, home, place):
    """Do the damage; it goes with the folder of the case."""
    path, rng = home / case.victim, case.rng
    if case.how in damage.BYTES:
        path.write_bytes(damage.BYTES[case.how](path.read_bytes(), rng))
    elif case.how in damage.PLACES:
        damage.PLACES[case.how](path, rng)
    elif case.how == "other_file":
        others = [p for p in sorted(place.sound.rglob("*")) if p.is_file()]
        path.write_bytes(rng.choice(others).read_bytes())
    elif case.how == "huge":
        damage.huge(path, rng)
    elif case.how == "forged":
        damage.forged(path, rng)
    yield


@contextlib.contextmanager
def limited_files(rng):
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (rng.choice([0, 100, 3000]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def full_disk(path, small):
    """Put a folder onto a file system without room, with the old output in it."""
    with (small / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the room is for one at a time
        yield from _full_disk(path, small / "room", small / "filler")


def _full_disk(path, room, filler):
    room.mkdir()
    for entry in path.parent.iterdir():
        if entry.is_file():
            shutil.copy(entry, room)
    shutil.rmtree(path.parent)
    path.parent.symlink_to(room)
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as filled:
        while True:
            filled.write(bytes(1000))
    try:
        yield
    finally:
        damage.removed(room)
        filler.unlink()


@contextlib.contextmanager
def read_only(folder):
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def spoil_output(case, home, place):
    """Make it impossible to write, if that is the case; return the context to run it in."""
    path = home / case.victim
    if case.how == "output is a folder":
        path.unlink()
        path.mkdir()
        (path / "kept").write_text("kept")
    elif case.how == "read-only folder":
        return read_only(path.parent)
    elif case.how == "full disk" and place.small and path.parent != home:
        return full_disk(path, place.small)
    elif case.how in ("limited file", "full disk"):
        return limited_files(case.rng)
    return contextlib.nullcontext()


# ------------------------------------------------------------------ one case


def run(case, place, targets_=None):
    """Run a case; return its outcome and what was said."""
    target = (targets_ or targets.TARGETS)[case.target]
    if case.how == "mutated":
        tree = copy.deepcopy(place.config)
        damage.mutate(tree, case.rng)
        return outcome(case, lambda: target.drive(tree))
    home = place.folder / f"case-{os.getpid()}"
    copy_sound(target, place.sound, home)
    if case.how == "odd name":
        home = renamed(home, case.rng)
    try:
        spoil = spoil_output if case.how in OUTPUTS else damaged
        with spoil(case, home, place):
            before = contents(home)
            ended, said = outcome(case, lambda: target.drive(home), home)
            after = contents(home)
        if ended == "accepted":
            return accepted(case, target, home, place, said)
        if ended == "one line" and (lost := losses(case, target, before, after)):
            return "lost", f"{lost} ({said})"
        return ended, said
    finally:
        damage.removed(home)


def copy_sound(target, sound, home):
    """Copy what a target needs: all, for a script; to copy takes longer than to read."""
    if target.output:
        shutil.copytree(sound, home)
        return
    for top in {"m", "data", *(Path(victim).parts[0] for victim in target.victims)}:
        if (sound / top).is_dir():
            shutil.copytree(sound / top, home / top)
        else:
            home.mkdir(exist_ok=True)
            shutil.copy(sound / top, home / top)


def renamed(home, rng):
    """Give the folder of the case a name that needs care."""
    names = [n for n in damage.NAMES if n.strip(". ") and not set(n) & {"/", "\0"}]
    names = [n for n in names if (len(n) < 200 and n.isprintable()) or n == "a\nb"]
    other = home.with_name(f"{home.name} {rng.choice([*names, os.fsdecode(b'x-' + bytes([255]))])}")
    return home.rename(other)


def outcome(case, drive, home=None):
    """Drive a target; say how it ended, and what it said."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "Glyph")  # a font may lack what a name has
            read = drive()
    except InputError as error:
        return one_clear_line(case, str(error), home)
    except MemoryError:
        return ("one line", "not enough memory")  # cli.run says it
    except targets.Failed as failure:
        status, said = failure.args
        lines = said.splitlines()
        if status == 2 and lines and ": error: " in lines[-1] and "Traceback" not in said:
            return "one line", lines[-1]
        if status == 1 and len(lines) == 1 and ".py: error: " in said:
            return "one line", said
        return "traceback", f"status {status}: {said}"
    except BaseException:
        return "traceback", traceback.format_exc()
    return "accepted", read


def one_clear_line(case, said, home):
    """A reader's error has to be a line, and to name the file."""
    if len(said.splitlines()) != 1:
        return "traceback", f"not one line: {said}"
    named = home is None or one_line(str(home / case.victim)) in said
    # Among pictures the file behind a link is one more.
    named = named or f"cached-{Path(case.victim).name}" in said
    # Of two files that don't fit together the other one may be named.
    if not named and case.how != "forged" and case.target not in GIVEN:
        return "traceback", f"the file is not named: {said}"
    if case.how == "link_to_damage" and "cached-" not in said and case.target not in GIVEN:
        return "traceback", f"the file behind the link is not named: {said}"
    return "one line", said


def accepted(case, target, home, place, read):
    """What is accepted has to be fine: read as it was written, or written whole."""
    if case.how in ("output is a folder", "read-only folder"):
        return "lost", f"{case.how}, and it was written"
    try:
        if target.output:
            targets.check_output(home / target.output)
        elif read is None and case.target == "restore checkpoint":
            pass  # there is nothing to go on from
        elif (
            home and case.how not in ("forged", "other_file") and Path(case.victim).suffix in SEALED
        ):
            assert targets.same(read, place.known[case.target]), "read otherwise than written"
    except Exception:
        return "lost", f"accepted, but: {traceback.format_exc()}"
    return "accepted", ""


def contents(home):
    """What is in a folder: path -> what it is."""
    found = {}
    for folder, folders, files in os.walk(home, followlinks=False):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not path.is_dir():
                found[str(path)] = f"link to {path.readlink()}"
            elif path.is_file():
                size = path.stat().st_size
                with contextlib.suppress(OSError):
                    found[str(path)] = path.read_bytes() if size < 2**26 else size
    return found


# What is wrong is in a configuration, or in one of MNIST's files, and said to be there.
GIVEN = ("IDX", "IDX, gzipped", "read config file")
STRAY = re.compile(r"\.[0-9a-f]{8}\.")


def losses(case, target, before, after):
    """Say which file a case that failed has changed, removed or left over."""
    for path, was in before.items():
        mine = any(part in path for part in target.also)
        if after.get(path) != was and not mine:
            return f"{path} is changed or gone"
    for path in after:
        mine = any(part in path for part in target.also)
        if STRAY.match(Path(path).name) or (path not in before and not mine):
            return f"{path} is left over"
    return ""


# ------------------------------------------------------------------ many cases


def prepare(folder):
    """Make the workplace: sound files, and a small file system if there may be one."""
    provenance.code_digest = lambda *_: "0" * 64  # of every script, at each of its starts
    sound = folder / "sound"
    sound.mkdir()
    targets.make(sound)
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k,mode=777", "tmpfs", str(small)]
    is_root = os.geteuid() == 0
    mounted = is_root and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if is_root:
        for path in [folder, *folder.rglob("*")]:
            if path != small:
                os.chown(path, NOBODY, NOBODY)
    config = targets.shipped_config()
    place = Workplace(folder, sound, small if mounted else None, config, {})
    place.known.update(driven_soundly(place))
    return place


def driven_soundly(place):
    """Drive every target without damage: what is read then, or written, has to be right.

    All that is imported or compiled is so before any rights are given up.
    """
    known = {}
    for name, target in targets.TARGETS.items():
        home = place.folder / "driven"
        shutil.copytree(place.sound, home)
        known[name] = target.drive(home if target.victims else place.config)
        if target.output:
            targets.check_output(home / target.output)
        shutil.rmtree(home)
    return known


def unmount(folder):
    """Take the small file system down, if it is there."""
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=False)


def drop_rights():
    """Work as a user whom permissions bind, with bounded memory."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Worker:
    """A process that runs every so many cases, and tells of each."""

    def __init__(self, numbers, seed, place, targets_):
        self.numbers, self.current, self.since = numbers, None, time.monotonic()
        ours, theirs = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries have threads, which hold no lock now
            self.pid = os.fork()
        if self.pid == 0:
            os.close(ours)
            try:
                self.work(os.fdopen(theirs, "w", buffering=1), seed, place, targets_)
            finally:
                os._exit(0)
        os.close(theirs)
        self.told = os.fdopen(ours, "rb", buffering=0)
        self.rest = b""

    def work(self, told, seed, place, targets_):
        """Run the cases, in the process that was made for them."""
        drop_rights()
        for number in self.numbers:
            print(json.dumps([number]), file=told)
            try:
                ended = run(case_of(seed, number, targets_), place, targets_)
            except Exception:
                ended = "traceback", f"of the fuzzer itself: {traceback.format_exc()}"
            print(json.dumps([number, *ended]), file=told)

    def hear(self):
        """Return what cases ended with since the last time; None when the process has ended."""
        heard = self.told.read(2**16)
        if not heard:
            return None
        *lines, self.rest = (self.rest + heard).split(b"\n")
        ended = []
        for line in map(json.loads, lines):
            self.current, self.since = (line[0] if len(line) == 1 else None), time.monotonic()
            self.numbers = (
                [n for n in self.numbers if n != line[0]] if len(line) > 1 else self.numbers
            )
            ended += [line] if len(line) > 1 else []
        return ended

    def end(self):
        """Wait for the process; return why it died, or "" if it had done its work."""
        self.told.close()
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return f"the process ended with {code}" if code else ""


def fuzz(cases, seed, place, targets_=None, workers=2, seconds=SECONDS, say=lambda done: None):
    """Run cases; return a list of (case, outcome, what was said)."""
    shares = [list(range(first, cases, workers)) for first in range(workers)]
    watched = selectors.DefaultSelector()
    ended = []

    def start(numbers):
        if numbers:
            worker = Worker(numbers, seed, place, targets_)
            watched.register(worker.told, selectors.EVENT_READ, worker)

    def stop(worker, how, said):
        number = worker.current
        watched.unregister(worker.told)
        died = worker.end()
        if number is not None:
            ended.append((number, how, said or died))
        elif died:
            raise RuntimeError(f"a worker died between cases: {died}")
        start([n for n in worker.numbers if n != number])

    for share in shares:
        start(share)
    while watched.get_map():
        for key, _ in watched.select(1):
            worker = key.data
            heard = worker.hear()
            if heard is None:
                stop(worker, "traceback", "")
            else:
                ended += heard
        for key in list(watched.get_map().values()):
            worker = key.data
            if worker.current is not None and time.monotonic() - worker.since > seconds:
                os.kill(worker.pid, signal.SIGKILL)
                stop(worker, "hang", f"no end after {seconds} seconds")
        say(len(ended))
    return [(case_of(seed, number, targets_), how, said) for number, how, said in ended]


def shown(cases):
    """A function that shows how many cases are done: on a terminal, else a line in a while."""
    last = -1

    def say(done):
        nonlocal last
        step = 10 if sys.stderr.isatty() else 1000
        if done // step != last:
            last = done // step
            print(f"{done:,} of {cases:,} cases", end="\r" if step == 10 else "\n", file=sys.stderr)

    return say


def table(ended):
    """The outcomes by target, then by kind of damage, as text."""
    lines = []
    for title, key in (("target", lambda c: c.target), ("damage", lambda c: c.how)):
        rows = collections.defaultdict(collections.Counter)
        for case, how, _ in ended:
            rows[key(case)][how] += 1
            rows["all"][how] += 1
        lines.append(f"{title:22} {'cases':>7}" + "".join(f"{how:>11}" for how in (*GOOD, *BAD)))
        for name in sorted(rows, key=lambda name: (name == "all", name)):
            counts = [rows[name][how] for how in (*GOOD, *BAD)]
            lines.append(f"{name:22} {sum(counts):7,}" + "".join(f"{n:11,}" for n in counts))
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", type=int, help="the number of a case")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        try:
            place = prepare(Path(folder))
            if args.only is not None:
                worker = Worker([args.only], args.seed, place, None)
                while (ended := worker.hear()) is not None:
                    print(*[text for one in ended for text in one], sep="\n")
                print(case_of(args.seed, args.only), worker.end())
                return
            started = time.monotonic()
            ended = fuzz(args.cases, args.seed, place, workers=args.workers, say=shown(args.cases))
        finally:
            unmount(Path(folder) / "small")
    print(table(ended))
    bad = [one for one in ended if one[1] in BAD]
    for case, how, said in bad:
        print(
            f"{how}: {case.target}, {case.victim} {case.how}: --seed {args.seed} --only {case.number}"
        )
        print("    " + said.strip().replace("\n", "\n    "))
    where = "" if place.small else "; no small file system: full disks were limited file sizes"
    rights = "an unprivileged user" if os.geteuid() == 0 else "this user"
    print(f"{len(ended):,} cases in {time.monotonic() - started:.0f} s, as {rights}{where}")
    sys.exit(1 if bad or len(ended) < args.cases else 0)


if __name__ == "__main__":
    main()
