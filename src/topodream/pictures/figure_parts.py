"""What figures are put together from: parts of Matplotlib, which is set up before they load."""

from topodream.pictures.shipped_matplotlib import colormaps

# isort: split
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from matplotlib.ticker import Formatter, LogFormatter, MaxNLocator
from matplotlib.transforms import Bbox

__all__ = [
    "Axes",
    "AxesImage",
    "Axis",
    "Bbox",
    "Figure",
    "FigureCanvasAgg",
    "FontProperties",
    "Formatter",
    "Legend",
    "Line2D",
    "ListedColormap",
    "LogFormatter",
    "LogNorm",
    "MaxNLocator",
    "Normalize",
    "Outline",
    "Patch",
    "RendererAgg",
    "ScalarMappable",
    "TextPath",
    "colormaps",
    "to_rgb",
]
