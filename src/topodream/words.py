"""How values of settings are written for readers, on pictures, the page and in names."""

# A setting that is null: it is switched off, or has no limit.
NONE = "none"


def written(value: object) -> str:
    """Return a setting's value in a word.

    >>> [written(value) for value in (None, True, 0.1, "excited")]
    ['none', 'true', '0.1', 'excited']
    """
    if value is None:
        return NONE
    return str(value).lower() if isinstance(value, bool) else str(value)


def place_of(value: object, line: str) -> str:
    """Return where a point of a sweep lies: the value of the first setting, and what others are.

    >>> place_of(2, "lateral.edge = wrap"), place_of(None, "")
    ('2, lateral.edge = wrap', 'none')
    """
    return f"{written(value)}, {line}" if line else written(value)
