"""What computes a training: the CPU, or a GPU where one is asked for and can be used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from topodream import engines
from topodream.files.errors import InputError


@dataclass(frozen=True)
class Device:
    """What computes.

    Attributes
    ----------
    name : str
        What is recorded: "cpu", or "gpu: " and which.
    xp : module or None
        CuPy, if it is a GPU.
    software : mapping of str
        Versions of what its results depend on besides what they depend on everywhere.
    """

    name: str
    xp: Any = None
    software: Mapping[str, str] = field(default_factory=dict)

    def signed(self, origin: Mapping[str, str]) -> dict[str, str]:
        """Return an origin (:func:`topodream.origin.provenance.origin`) that names it as well."""
        versions = json.loads(origin["versions"]) | dict(self.software)
        return {**origin, "versions": json.dumps(versions), "device": self.name}


CPU = Device("cpu")


def choose(asked: str, say: Callable[[str], object]) -> Device:
    """Return what is to compute.

    Parameters
    ----------
    asked : {"cpu", "gpu", "auto"}
    say : callable
        Told what "auto" took, and why not a GPU.

    Raises
    ------
    InputError
        If a GPU is asked for and can't be used.
    """
    if asked == "cpu":
        return CPU
    cupy = engines.load("cupy")
    try:
        xp = cupy.find()
    except InputError as error:
        if asked == "gpu":
            raise
        say(f"device auto takes the CPU: {error}")
        return CPU
    found = Device(f"gpu: {cupy.describe(xp)}", xp, cupy.software(xp))
    if asked == "auto":
        say(f"device auto takes a {found.name}")
    return found
