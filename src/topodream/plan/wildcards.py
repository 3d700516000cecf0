"""Wildcards: patterns of the names that they stand for, and what a name means that is asked for."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from topodream.data import KINDS
from topodream.data.kind import DataPicture, Kind
from topodream.files.errors import InputError
from topodream.files.strict import Section
from topodream.plan.catalogue import Catalogue
from topodream.settings.config import Experiment

# Snakemake's: an attribute for each wildcard of a rule. A function of them is called for each job.
Wildcards = Any

NOTHING = "(?!)"  # a pattern that matches no text


def pattern(names: Iterable[str]) -> str:
    r"""Return a pattern of some names; it matches nothing if there are none.

    >>> pattern(["excited-20", "v1.5"])
    'excited\\-20|v1\\.5'
    """
    return "|".join(map(re.escape, names)) or NOTHING


def datasets_of(catalogue: Catalogue, *kinds: str) -> str:
    """Return a pattern of the names of all data sets of some kinds."""
    return pattern(name for name, value in catalogue.datasets.items() if value["kind"] in kinds)


def pictures_of_data() -> list[tuple[DataPicture, list[str]]]:
    """Return the pictures of data, each with the kinds that have it."""
    pictures = {kind.picture.script: kind.picture for kind in KINDS.values() if kind.picture}
    return [
        (picture, [name for name, kind in KINDS.items() if kind.picture is picture])
        for picture in pictures.values()
    ]


@contextmanager
def in_one_line() -> Iterator[None]:
    """End Snakemake with a line and status 1 where a person got something wrong.

    Any other error, one of Snakemake's too, would add where in the workflow it was raised.
    """
    try:
        yield
    except InputError as error:
        sys.exit(f"topodream: {error}")


def experiment_of(catalogue: Catalogue, wildcards: Wildcards) -> Experiment:
    """Return the experiment that a file is asked of; end Snakemake if there is none of that name."""
    with in_one_line():
        return catalogue.experiment(wildcards.experiment)


def dataset_of(catalogue: Catalogue, wildcards: Wildcards) -> Section:
    """Return the section of the data set that a file is asked of."""
    section: Section = catalogue.datasets[wildcards.dataset]
    return section


def kind_of(catalogue: Catalogue, wildcards: Wildcards) -> Kind:
    """Return the kind of the data set that a file is asked of."""
    return KINDS[dataset_of(catalogue, wildcards)["kind"]]
