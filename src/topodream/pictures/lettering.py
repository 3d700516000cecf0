"""Words on pictures: lines that fit, and labels that leave each other room.

Names of maps have up to 200 characters and no spaces; nothing of them is to be cut off.
"""

from collections.abc import Callable, Sequence

# After these a line may break where there is no space.
SEAMS = "-_./,"


def wrapped(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break a text into lines no wider than the room there is.

    A line breaks at the last space in its second half, else after a seam there, else anywhere.

    Parameters
    ----------
    text : str
        May have lines already; these stay.
    room : float
    width : function
        The width of a line, in the unit of ``room``.

    Examples
    --------
    >>> wrapped("a map of units", 8, len)
    ['a map of', 'units']
    >>> wrapped("my-very-long-name", 8, len)
    ['my-very-', 'long-', 'name']
    """
    return [part for line in text.split("\n") for part in _parts(line, room, width)]


def _parts(line: str, room: float, width: Callable[[str], float]) -> list[str]:
    found = []
    while width(line) > room and len(line) > 1:
        cut = _place_to_break(line, _most(line, room, width))
        found.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return [*found, line]


def _most(line: str, room: float, width: Callable[[str], float]) -> int:
    """Return how many characters of a line have room: at least 1, less than all."""
    fits, too_many = 1, len(line)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if width(line[:middle]) <= room:
            fits = middle
        else:
            too_many = middle
    return fits


def _place_to_break(line: str, most: int) -> int:
    space = line.rfind(" ", 0, most + 1)
    seam = max(line.rfind(mark, 0, most) for mark in SEAMS) + 1
    return next((place for place in (space, seam) if place > most / 2), most)


def apart(places: Sequence[float], sizes: Sequence[float]) -> list[int]:
    """Return which of some labels to write, from the first on, so that none touches another.

    Parameters
    ----------
    places : sequence of float
        Where their middles are, ascending.
    sizes : sequence of float
        The room that each takes.

    Examples
    --------
    >>> apart([0, 5, 10, 30], [8, 8, 8, 8])
    [0, 2, 3]
    """
    kept: list[int] = []
    for number, (place, size) in enumerate(zip(places, sizes, strict=True)):
        if not kept or place - places[kept[-1]] >= (size + sizes[kept[-1]]) / 2:
            kept.append(number)
    return kept


def rows_apart(places: Sequence[float], sizes: Sequence[float]) -> list[int]:
    """Return in which row to write each of some labels, so that none touches another.

    >>> rows_apart([0, 5, 10, 30], [8, 8, 8, 8])
    [0, 1, 0, 0]
    """
    rows: dict[int, int] = {}
    row, left = 0, list(range(len(places)))
    while left:
        kept = apart([places[i] for i in left], [sizes[i] for i in left])
        rows |= {left[i]: row for i in kept}
        row, left = row + 1, [i for i in left if i not in rows]
    return [rows[i] for i in range(len(places))]
