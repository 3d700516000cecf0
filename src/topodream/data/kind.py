"""What a kind of data says of itself: all that others ask of it.

A kind is a module here, with a class of :class:`Kind` and an object of it, ``KIND``; its schema
``<kind>.schema.yaml`` beside it, of a section of ``datasets``; and a script that writes its files.
A line in :mod:`topodream.data` makes it known.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from topodream.data.samples import LAYOUTS
from topodream.files.strict import Section

# Bytes for each pixel of a large picture (a weight of a map, a pixel of a tapestry).
BYTES_PER_PIXEL = 16


@dataclass(frozen=True)
class DataSize:
    """How large a data set is: its samples, those held out too, their shape in pixels.

    ``n_channels`` counts the inputs of a pixel: colours, of each its ON and OFF half. Where files
    aren't there yet, or are something else, it is a guess, and not ``is_known``.
    """

    n_train: int
    n_held_out: int
    height: int
    width: int
    n_channels: int = 1
    is_known: bool = field(default=True, compare=False)

    @property
    def samples(self) -> str:
        """The shape of its samples, in words."""
        channels = f", {self.n_channels} inputs each" if self.n_channels > 1 else ""
        return f"{self.height} x {self.width} pixels{channels}"

    @property
    def n_inputs(self) -> int:
        """Inputs of a sample."""
        return self.height * self.width * self.n_channels

    @property
    def n_bytes(self) -> int:
        """Bytes of all samples; an input is one."""
        return (self.n_train + self.n_held_out) * self.n_inputs


@dataclass(frozen=True)
class Work:
    """What making a data set takes besides what its size, and that of what it is made of, do."""

    mib: float = 0
    seconds: float = 0


# The sizes of the data sets that one is made of, by the keys that name them.
Sizes = Mapping[str, DataSize]


@dataclass(frozen=True)
class DataPicture:
    """The picture of a data set, which lies beside it. Kinds that a script draws have one and the same.

    Attributes
    ----------
    script : str
        What draws it. It takes ``--output``, and files of data by the options below.
    suffix : str
        Of its file: ".png" or ".gif".
    name : str
        What it is called in Snakemake's report.
    caption : str
        What it shows, for readers.
    packages : collection of str
        Packages besides NumPy that shape it.
    n_bytes : callable
        Size of the data set, and of what it is made of -> a bound on the memory that is needed
        for drawing it.
    option : str
        The script's option for the file of the data set.
    behind : collection of str
        Of what the data set is made of, what is shown too, by its key; also the script's options.
    settings : mapping
        Further options of the script -> their key in the config's ``animation``.
    """

    script: str
    suffix: str
    name: str
    caption: str
    packages: Collection[str]
    n_bytes: Callable[[DataSize, Sizes], float]
    option: str
    behind: Collection[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """The options of its script that take files."""
        return (self.option, *self.behind)


# Of whatever holds images.
SAMPLES = DataPicture(
    script="plot_samples.py",
    suffix=".png",
    name="samples",
    caption="Some of what this data set holds.",
    packages=("matplotlib", "pillow"),
    n_bytes=lambda size, _: size.n_bytes,
    option="data",
)


class Kind(ABC):
    """A kind of data.

    A subclass states script, layout and size; the rest has defaults.

    Attributes
    ----------
    script : str
        What writes its files. Its options are ``--output``, the keys of a section but ``kind``
        (those of ``made_of`` with a file), and where there are ``places``, ``--files`` with
        :meth:`raw_files`, of which there may be none.
    layout : str
        How its files are laid out: ``kind`` in :class:`topodream.files.storage.Content`. Maps
        learn what is laid out as :mod:`topodream.data.samples` has it.
    made_of : mapping
        The keys that name the data sets which it is made of -> the layouts that these may have.
    not_compared : collection of str
        Keys that don't shape a file: other values make nothing anew.
    places : collection of str
        Keys that only say where raw files lie: no part of what is compared where these are there.
    packages : collection of str
        Packages besides NumPy that shape its files.
    picture : DataPicture or None
    """

    script: ClassVar[str]
    layout: ClassVar[str]
    made_of: ClassVar[Mapping[str, Collection[str]]] = {}
    not_compared: ClassVar[Collection[str]] = ()
    places: ClassVar[Collection[str]] = ()
    packages: ClassVar[Collection[str]] = ("h5py",)
    picture: ClassVar[DataPicture | None] = None

    # ------------------------------------------------------------------ what a kind has to say

    @abstractmethod
    def size(self, section: Section, behind: Sizes) -> DataSize:
        """Return how large a data set is, before it is made."""

    # ------------------------------------------------------------------ what it may say besides

    def traits(self, section: Section) -> frozenset[str]:
        """Return what its samples have, see :mod:`topodream.traits`."""
        return frozenset()

    def lacks(self, section: Section) -> str | None:
        """Return what a data set would be made of that its ``source`` doesn't say, for readers.

        None where it says so. What lacks its source isn't made, nor is anything that needs it.
        """
        return None

    def shipped_files(self, section: Section) -> list[Path]:
        """Return the files of this package that a data set is made of."""
        return []

    def raw_files(self, section: Section) -> dict[str, tuple[Path, str]]:
        """Return a person's files that a data set is made of: name -> file, sha256 of its content.

        InputError if one is missing or can't be read. By another path, the same content under
        the same name makes nothing anew.
        """
        return {}

    def origin_of(self, name: str, sha256: str) -> str | None:
        """Return where a raw file is from, for readers, if its digest tells."""
        return None

    def check(self, section: Section) -> None:  # noqa: B027, most have nothing to refuse
        """Raise InputError for values of a section that don't go together: no schema says that."""

    def work(self, section: Section, behind: Sizes) -> Work:
        """Return what making a data set takes besides, by the sizes of those that it is made of."""
        return Work()

    # ------------------------------------------------------------------ what follows from that

    @property
    def can_be_learnt(self) -> bool:
        """Whether maps can learn it."""
        return self.layout in LAYOUTS

    @property
    def module(self) -> str:
        """The module that is about it, which others know by a registry alone."""
        return type(self).__module__

    @property
    def files(self) -> tuple[str, ...]:
        """The options of its script that take files."""
        return (*self.made_of, *(("files",) if self.places else ()))

    def options(self, section: Section, *, with_places: bool = True) -> dict[str, Any]:
        """Return the settings of a data set that shape its file: options of its script."""
        others = {"kind", *self.made_of, *self.not_compared, *(() if with_places else self.places)}
        return {key: value for key, value in section.items() if key not in others}
