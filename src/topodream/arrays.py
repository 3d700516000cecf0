"""Types of arrays, as signatures name them; docstrings give their shapes."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.floating[Any]]
# Pixels and labels, as they are stored.
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
# Numbers of units, samples and the like, as NumPy finds them.
Indices = npt.NDArray[np.intp]
Complex = npt.NDArray[np.complexfloating[Any, Any]]
