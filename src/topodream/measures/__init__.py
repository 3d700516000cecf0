"""What a trained map is worth: measures, and the baselines to compare them with.

Here is what pictures use too. :mod:`topodream.measures.collect` takes all measures of a map;
it is not imported here, so that an edit of a measure doesn't redraw the pictures, nor do they
wait for SciPy and scikit-learn.
"""

from topodream.measures.reconstruction import mass_ratio, mean_squared_error
from topodream.measures.responses import Responses, show, with_activation

__all__ = ["Responses", "mass_ratio", "mean_squared_error", "show", "with_activation"]
