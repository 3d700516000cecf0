"""What animations are made of: a map and its data; and which it has, by name."""

from dataclasses import dataclass

from topodream.data.samples import Data
from topodream.models import MODELS
from topodream.pictures.animation import Animation
from topodream.pictures.animations import animations_of
from topodream.pictures.picture import find
from topodream.training.map_file import Map


@dataclass(frozen=True)
class Performance:
    """What animations are made of.

    Attributes
    ----------
    model : Map
        With its snapshots.
    data : Data
        What it learnt.
    n_frames : int
        Held-out samples to show at most.
    frame_ms : int
        Milliseconds each is shown, a multiple of 10.
    """

    model: Map
    data: Data
    n_frames: int
    frame_ms: int

    @property
    def traits(self) -> frozenset[str]:
        """What the map and its data have, see :mod:`topodream.traits`."""
        return MODELS[self.model.experiment.model].traits | self.data.traits

    @property
    def caption(self) -> str:
        """What stands below."""
        diverged = "" if self.model.trained.divergence is None else ", diverged"
        return f"{self.model.experiment.name}{diverged}"


def animate(name: str, performance: Performance) -> Animation:
    """Return the animation of that name.

    Raises
    ------
    InputError
        If the map has no such animation.
    """
    found = find(name, animations_of(performance.traits), performance.model.experiment.name)
    made: Animation = found.load()(performance)
    return made
