"""The sections of ``datasets``: what each may say is in the schema of its kind, beside its module.

Apart from :mod:`topodream.settings.config`, which training imports: that asks for no registry of
kinds.
"""

from collections.abc import Mapping
from typing import Any

from topodream.data import KINDS
from topodream.files.errors import InputError, quoted
from topodream.files.strict import Section
from topodream.settings.checking import check, one_of, schema, with_types

# What has a part by its registry in what asks for any kind.
KIND_MODULES = tuple(kind.module for kind in KINDS.values())


def resolve_dataset(name: str, datasets: Section) -> dict[str, Any]:
    """Check the settings of a data set."""
    where, settings = f"data set {name!r}", datasets[name]
    kind = settings.get("kind")
    if kind not in KINDS:
        raise InputError(f"{where}: kind = {quoted(kind)} is not allowed: {one_of(KINDS)}")
    check(settings, f"data/{kind}", where)
    try:
        KINDS[kind].check(settings)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    for key, layouts in KINDS[kind].made_of.items():
        kinds = [one for one, known in KINDS.items() if known.layout in layouts]
        fitting = [other for other, value in datasets.items() if value.get("kind") in kinds]
        if settings[key] not in fitting:
            raise InputError(
                f"{where}: {key} = {quoted(settings[key])} is not a data set "
                f"of kind {' or '.join(kinds)}: {one_of(fitting)}"
            )
    _check_ends(name, datasets, (name,))
    return with_types(settings, schema(f"data/{kind}"))


def _check_ends(name: str, datasets: Section, chain: tuple[str, ...]) -> None:
    """Refuse a data set that is, through others, made of itself.

    Of those behind it, what is wrong otherwise is said when their turn comes.
    """
    kind = KINDS.get(datasets[name].get("kind"))
    for key in kind.made_of if kind else ():
        other = datasets[name].get(key)
        if not isinstance(other, str):
            continue
        if other in chain:
            where, loop = f"data set {chain[0]!r}", " -> ".join((*chain, other))
            raise InputError(f"{where}: {key} = {quoted(other)} is not allowed: a loop, {loop}")
        if other in datasets:
            _check_ends(other, datasets, (*chain, other))


def lacks(name: str, datasets: Section) -> str | None:
    """Say what a data set needs that the config has no source of, or what it is made of does.

    None where it can be made.

    >>> datasets = {"cifar10": {"kind": "cifar10", "source": "none", "colours": "rgb"}}
    >>> lacks("cifar10", datasets)
    'needs CIFAR-10: set datasets.cifar10.source (docs/data.md)'
    """
    section = datasets[name]
    if what := KINDS[section["kind"]].lacks(section):
        return f"needs {what}: set datasets.{name}.source (docs/data.md)"
    behind = (lacks(other, datasets) for other in made_of(section).values())
    return next(filter(None, behind), None)


def learnable(datasets: Section) -> list[str]:
    """Return the names of the data sets that maps can learn."""
    return [name for name, section in datasets.items() if KINDS[section["kind"]].can_be_learnt]


def made_of(section: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the data sets that one is made of, by the keys that name them."""
    return {key: section[key] for key in KINDS[section["kind"]].made_of}
