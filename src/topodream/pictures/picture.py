"""What a picture of a map is to all others: which maps have it, what it shows, who makes it.

The workflow and the page ask for that, so this module and the two registries
(:mod:`topodream.pictures.figures`, :mod:`topodream.pictures.animations`) load nothing that draws.
"""

import importlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from topodream.files.errors import InputError

# Which of the texts in a PNG says what is seen in it.
IN_WORDS = "Alternative Text"


@dataclass(frozen=True)
class Picture:
    """A picture that maps can have.

    Attributes
    ----------
    name : str
    caption : str
        What it shows, in a line: for the page.
    function : str
        Who makes it: a module beside the registry, and a function of it.
    needs : tuple of str
        The traits (:mod:`topodream.traits`) that a map and its data must have between them.
    wide : bool
        Whether it takes the page's whole width, even where it is not long.
    group : str
        The heading that the page puts it under.
    in_report : bool
        Whether Snakemake's report has it, one file for all maps: what is large, or of interest for
        few, is left to the page. What moves is never in it.
    said : str
        Who says in words what is seen in it, of the same that it is made of: a module and a function
        as in ``function``; nothing where its caption has to do.
    """

    name: str
    caption: str
    function: str
    needs: tuple[str, ...] = ()
    wide: bool = False
    group: str = ""
    in_report: bool = True
    said: str = ""

    called: ClassVar[str]
    package: ClassVar[str]
    place: ClassVar[str]

    @property
    def title(self) -> str:
        """Its name, for readers."""
        return self.name.replace("_", " ")

    @property
    def file(self) -> str:
        """Its file, in the folder of the map's results."""
        return self.place.format(self.name)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of who makes it, and of who says what it shows."""
        functions = filter(None, (self.function, self.said))
        return tuple(f"{self.package}.{function.split('.')[0]}" for function in functions)

    def load(self) -> Callable[[Any], Any]:
        """Return who makes it, of what the registry's pictures are made of."""
        made: Callable[[Any], Any] = self._find(self.function)
        return made

    def say(self, made_of: Any) -> str:
        """Return in words what is seen in it, of what it is made of."""
        return str(self._find(self.said)(made_of)) if self.said else ""

    def _find(self, function: str) -> Any:
        module, name = function.split(".")
        return getattr(importlib.import_module(f"{self.package}.{module}"), name)


class Still(Picture):
    """A figure; its function turns a :class:`~topodream.pictures.drawing.Material` into it."""

    called = "figure"
    package = "topodream.pictures.figures"
    place = "figures/{}.png"


class Moving(Picture):
    """An animation; its function turns a :class:`~topodream.pictures.performing.Performance` into it."""

    called = "animation"
    package = "topodream.pictures.animations"
    place = "{}.gif"


P = TypeVar("P", bound=Picture)


def chosen(pictures: Iterable[P], traits: Collection[str]) -> tuple[P, ...]:
    """Return those of some pictures that a map of these traits, its data's included, has."""
    return tuple(picture for picture in pictures if set(traits).issuperset(picture.needs))


def find(name: str, pictures: Sequence[P], whose: str) -> P:
    """Return the picture of that name among those that a map has; InputError if it has none."""
    for picture in pictures:
        if picture.name == name:
            return picture
    raise InputError(f"{whose} has no {pictures[0].called} {name}")


def modules_of(pictures: Iterable[Picture]) -> tuple[str, ...]:
    """Return the modules that make some pictures, each once."""
    return tuple(dict.fromkeys(module for picture in pictures for module in picture.modules))
