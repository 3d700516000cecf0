"""The measures there are: a line for each module that has some, in the order to show them.

Apart from the modules, and from the package, so that what needs a part depends on that part only.
The workflow reads it to check names: what takes long to import, a measure imports when it runs.
"""

from topodream.measures import (
    bars,
    coding,
    colour,
    lateral,
    order,
    orientation,
    prototypes,
    reconstruction,
    sequence,
    training,
    usage,
)
from topodream.measures.measure import Measured, by_name

MODULES = (
    reconstruction,
    order,
    usage,
    prototypes,
    orientation,
    colour,
    coding,
    bars,
    sequence,
    lateral,
    training,
)

FUNCTIONS = tuple(
    value for module in MODULES for value in vars(module).values() if isinstance(value, Measured)
)
MEASURES = by_name(FUNCTIONS)
