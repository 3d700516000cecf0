"""What the scripts have in common: options, and errors as one line."""

import argparse
import io
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from topodream.files.errors import InputError, one_line
from topodream.files.reading import reason
from topodream.files.storage import check_writable
from topodream.files.strict import load_json

T = TypeVar("T")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a script's docstring."""
    return _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(one_line(message))  # it quotes what was given as it is


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line, and make sure that there can be written what it asks for.

    That is ``--output``, one file or several, or files in ``--output-folder``.
    """
    args = parser.parse_args()
    found = args.output_folder / "a file" if "output_folder" in args else args.output
    for path in found if isinstance(found, list) else [found]:
        check_writable(path)
    return args


def paired(args: argparse.Namespace, name: str) -> list[tuple[Path, Path]]:
    """Return the files of an option, each with the one of ``--output`` that it makes."""
    given, made = getattr(args, name), args.output
    if len(given) != len(made):
        raise InputError(f"{len(given)} files of --{name}, but {len(made)} of --output")
    check_apart(made, Path.resolve, " are one file")
    return list(zip(given, made, strict=True))


def check_apart(outputs: Iterable[Path], place: Callable[[Path], Path], why: str) -> None:
    """Refuse two of ``--output`` that have one place; ``why`` says what is wrong with that."""
    known: dict[Path, Path] = {}
    for path in outputs:
        other = known.setdefault(place(path), path)
        if other is not path:
            raise InputError(f"--output: {other} and {path}{why}")


def options(args: argparse.Namespace, *but: str) -> dict[str, Any]:
    """Return the options that shape what a script writes, for its provenance.

    Those that are paths say where things lie, not what they are.

    Parameters
    ----------
    args : Namespace
    *but : str
        Options that shape nothing either.
    """
    return {
        name: value
        for name, value in vars(args).items()
        if name not in but and value is not None and not isinstance(value, Path)
    }


def whole(least: int, most: int, step: int = 1) -> Callable[[str], int]:
    """Return a type of options: whole numbers from ``least`` to ``most``."""
    steps = f" in steps of {step}" if step > 1 else ""

    def convert(text: str) -> int:
        number = int(text) if text.lstrip("-").isdecimal() else None
        if number is None or not least <= number <= most or number % step:
            allowed = f"a whole number from {least} to {most}{steps}"
            raise argparse.ArgumentTypeError(f"{text} is not allowed: {allowed}")
        return number

    return convert


def real(least: float, most: float) -> Callable[[str], float]:
    """Return a type of options: numbers from ``least`` to ``most``."""

    def convert(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:  # NaN is in no range
            allowed = f"a number from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{text} is not allowed: {allowed}")
        return number

    return convert


def yes_or_no(text: str) -> bool:
    """Convert an option that is "true" or "false"."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text} is not allowed: true or false")
    return text.lower() == "true"


def from_json(option: str, text: str) -> dict[str, Any]:
    """Return the mapping that an option gives as JSON; ``-`` stands for standard input."""
    try:
        content = load_json(sys.stdin.read() if text == "-" else text)
        json.dumps(content, ensure_ascii=False).encode()  # half a character can't be
    except (ValueError, RecursionError) as error:
        raise InputError(f"{option}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{option}: has to hold keys and values")
    return content


@contextmanager
def option(name: str) -> Iterator[None]:
    """Turn what goes wrong where an option's JSON lacks or holds something into one clear error."""
    try:
        yield
    except KeyError as error:
        raise InputError(f"{name}: it lacks {error}") from error
    except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise InputError(f"{name}: {error}") from error


def each(things: Iterable[T], do: Callable[[T], None]) -> None:
    """Do something with each of several things: what fails leaves the others to be done.

    Raises
    ------
    InputError
        After the last of them, if one failed.
    ExceptionGroup
        If several did, of all their errors: :func:`run` says a line of each.
    """
    errors = []
    for thing in things:
        try:
            do(thing)
        except InputError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("some failed", errors)


def run(main: Callable[[], None]) -> None:
    """Run a script; what is wrong with its input is said in one line, with status 1."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGALRM, _stop)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files can hold any bytes
    name = one_line(Path(sys.argv[0]).name)
    try:
        main()
        if sys.stdout is not None:  # as it is where the output was closed
            sys.stdout.flush()
    except InputError as error:
        sys.exit(f"{name}: error: {error}")
    except ExceptionGroup as errors:
        sys.exit("\n".join(f"{name}: error: {error}" for error in errors.exceptions))
    except MemoryError as error:
        sys.exit(f"{name}: error: not enough memory{one_line(f' ({error})' if str(error) else '')}")
    except OSError as error:
        # Never a fault of the program: the computer refused, most often to take what is printed.
        _drop_what_cannot_be_printed()
        where = "" if error.filename is None else one_line(f"{error.filename}: ")
        sys.exit(f"{name}: error: {where}{one_line(reason(error))}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # It was heard; while Python ends, nothing would hear it once more.
        signal.setitimer(signal.ITIMER_REAL, 0)


def _drop_what_cannot_be_printed() -> None:
    """Leave Python nothing to print at its end: it would fail once more, in other words."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _stop(*_: object) -> None:
    """End the script as an exception does, so that half-written files are removed.

    Python swallows what is raised while it deletes an object: it is raised again until heard.
    """
    signal.setitimer(signal.ITIMER_REAL, 1)
    sys.exit(143)  # what shells report of a process that was terminated
