"""Which pictures a map has, those that move too, in the order in which a page shows them."""

from collections.abc import Collection

from topodream.pictures.animations import ANIMATIONS
from topodream.pictures.figures import FIGURES
from topodream.pictures.picture import Picture, chosen

THUMBNAIL = "thumbnail.png"
# What a page needs to show it at work, see :mod:`topodream.pictures.laboratory`.
LABORATORY = "map.js"
# First what it has learnt, then what moves, then the rest.
PICTURES: dict[str, Picture] = {
    picture.name: picture for picture in (*FIGURES[:1], *ANIMATIONS, *FIGURES[1:])
}


def pictures_of(traits: Collection[str]) -> tuple[Picture, ...]:
    """Return the pictures that a map has, by its traits and those of its data.

    Examples
    --------
    >>> [picture.file for picture in pictures_of({})][:3]
    ['figures/prototypes.png', 'activity.gif', 'formation.gif']
    """
    return chosen(PICTURES.values(), traits)
