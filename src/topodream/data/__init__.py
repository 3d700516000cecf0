"""The kinds of data: a module for each, its schema beside it, and its line here.

Nothing else may stand here. What makes a data set depends on its own kind, not on which others
there are: a line more makes none anew (:func:`topodream.origin.provenance.local_sources`).
"""

from topodream.data import bars, cifar10, images, mnist, pan, patches, photographs, tapestry
from topodream.data.kind import Kind

# By the name that `kind:` gives them; what is made of others stands behind them.
KINDS: dict[str, Kind] = {
    "mnist": mnist.KIND,
    "images": images.KIND,
    "cifar10": cifar10.KIND,
    "photographs": photographs.KIND,
    "patches": patches.KIND,
    "tapestry": tapestry.KIND,
    "pan": pan.KIND,
    "bars": bars.KIND,
}
