"""The animations of maps: a module for each, or for a few alike, and its lines here.

Pictures are listed in the order in which they are shown.
"""

from collections.abc import Collection

from topodream.pictures.picture import Moving, chosen
from topodream.traits import SEQUENCE, TRACE

ANIMATIONS = (
    Moving(
        "trajectory",
        "Held-out frames, the activity leaving a trace: it moves over the grid.",
        "at_work.trajectory",
        needs=(SEQUENCE, TRACE),
        group="at work",
    ),
    Moving(
        "activity",
        "Held-out samples, each for itself: input, activity on the grid, reconstruction.",
        "at_work.activity",
        group="at work",
    ),
    Moving(
        "formation",
        "How the map formed: all prototypes after each epoch.",
        "formation.animate",
        group="training",
    ),
)


def animations_of(traits: Collection[str]) -> tuple[Moving, ...]:
    """Return the animations that a map has, by its traits and those of its data.

    Examples
    --------
    >>> [animation.name for animation in animations_of({SEQUENCE, TRACE})]
    ['trajectory', 'activity', 'formation']
    """
    return chosen(ANIMATIONS, traits)
