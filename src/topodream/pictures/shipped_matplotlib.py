"""Matplotlib as it is shipped, whatever the caller's taste.

This module, :mod:`topodream.pictures.figure_parts` and :mod:`topodream.pictures.vector` are the
only ones that import it. When that happens it looks for a backend in MPLBACKEND, which Jupyter sets
for its own, and for settings in a matplotlibrc: in the working folder, where MATPLOTLIBRC says, in
the user's home. They would draw other pictures, or none.
"""

import os

from topodream.surroundings import away_from

os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
with away_from("matplotlibrc"):
    import matplotlib

colormaps = matplotlib.colormaps
rc_context = matplotlib.rc_context
