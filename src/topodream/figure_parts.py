"""What figures are put together from: parts of Matplotlib, which is set up before they load."""

from topodream.shipped_matplotlib import colormaps

# isort: split
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

__all__ = [
    "Axes",
    "Figure",
    "ListedColormap",
    "LogNorm",
    "MaxNLocator",
    "Normalize",
    "Patch",
    "colormaps",
]
