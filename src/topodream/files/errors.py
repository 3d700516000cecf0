"""The one kind of error that is meant for the person at the keyboard, and how it says values."""

import itertools
import reprlib
from typing import Any


class InputError(Exception):
    """Something asked for is wrong or missing: a config value, a file, data, a package.

    Its text is a single line that names the value, where it came from and what is
    allowed; scripts and the workflow print it without a traceback. Names and values come from
    outside and may hold anything: what can't be printed is written as Python escapes it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(one_line(text))


class ContentError(InputError):
    """A file was read, and its content is wrong, or of something else.

    Only this says that a file can be done without. What can't be read for the moment, or doesn't
    fit into memory, may be sound: that is any other :class:`InputError`.
    """


def one_line(text: str) -> str:
    r"""Return a text with all that can't be printed escaped.

    >>> one_line("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(value: object) -> str:
    """Return a value as a line quotes it, whatever its size."""
    text = _SHORT.repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class _Short(reprlib.Repr):
    """Representations that are cut where they get long, before they are made."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist, self.maxtuple, self.maxset = 4, 9, 9, 9, 9

    def repr_str(self, text: str, _level: int) -> str:
        return repr(text[:90])

    def repr_dict(self, value: dict[Any, Any], level: int) -> str:
        """As repr does, in the order of the keys; reprlib sorts them."""
        if level <= 0:
            return "{...}"
        some = itertools.islice(value.items(), self.maxdict)
        shown = [f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in some]
        return "{" + ", ".join(shown + ["..."] * (len(value) > self.maxdict)) + "}"

    def repr_int(self, number: int, _level: int) -> str:
        return repr(number) if abs(number) < 10**90 else "a number of more than 90 digits"


_SHORT = _Short()
