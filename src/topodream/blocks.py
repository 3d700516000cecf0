"""Large arrays, gone through some rows at a time.

What is computed of rows one by one, and of all at once, takes several copies of them all; of
images of 256 x 256 pixels that is gigabytes.
"""

from collections.abc import Iterator, Sequence

# Numbers at a time: 32 MiB in single precision. All of what the project ships fits into one block:
# sums that are split otherwise round otherwise.
NUMBERS = 2**23
# Of what is gone through several times: half a megabyte in single precision stays in a
# processor's cache.
CACHED = 2**17


def blocks(shape: Sequence[int], numbers: int = NUMBERS) -> Iterator[slice]:
    """Yield the rows of an array in slices of at most so many numbers, one row at least.

    Parameters
    ----------
    shape : (n_rows, n_columns)
    numbers : int

    Examples
    --------
    >>> list(blocks((5, 3), numbers=6))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    n_rows, n_columns = shape
    step = max(1, numbers // max(1, n_columns))
    for first in range(0, n_rows, step):
        yield slice(first, min(first + step, n_rows))
