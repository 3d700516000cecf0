"""The models that learn: a module for each, its schema beside it, and its line here.

Nothing else may stand here. What trains a map depends on the map's own model, not on which others
there are: a line more makes no map anew (:func:`topodream.origin.provenance.local_sources`).
"""

from typing import Any

from topodream.models import foldiak, mwta, sparse_dream
from topodream.models.model import Model

# By the name that `model:` gives them.
MODELS: dict[str, Model[Any, Any]] = {
    "mwta": mwta.MODEL,
    "sparse_dream": sparse_dream.MODEL,
    "foldiak": foldiak.MODEL,
}
