"""Which class each unit stands for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.data.samples import Samples
from topodream.measures.responses import respond
from topodream.models.model import State
from topodream.settings.config import Experiment

# Training samples that label a map at most: 10,000 samples give 400 units 125 wins each.
MOST_LABELLED = 10_000


@dataclass(frozen=True)
class Labelling:
    """Which class each unit stands for.

    Attributes
    ----------
    classes : (n_classes,)
        The labels there are, ascending.
    winners : (n_units,) int
        The position in ``classes`` of the class of which the unit wins the most samples, the
        first of several; -1 where it wins none.
    purity : float
        The share of wins, over all units, that are of the unit's class; NaN without any win.
    n_samples : int
        Samples it was made of.
    """

    classes: npt.NDArray[np.uint8]
    winners: npt.NDArray[np.intp]
    purity: float
    n_samples: int

    @property
    def labels(self) -> Floats:
        """The label that each unit stands for, NaN where it is none: (n_units,)."""
        labels: Floats = np.where(self.winners < 0, np.nan, self.classes[self.winners])
        return labels


def label_units(state: State, samples: Samples, experiment: Experiment) -> Labelling:
    """Label units by the classes of the samples they win, the first ``MOST_LABELLED``.

    ``samples`` must have labels.
    """
    assert samples.labels is not None  # noqa: S101
    vectors = samples.lazy_vectors(experiment.dtype, MOST_LABELLED)
    labels = samples.labels[:MOST_LABELLED]
    classes = np.unique(labels)
    nothing = np.empty(0, np.intp)  # but wins
    wins = np.array(
        [respond(state, vectors.pick(labels == c), experiment, nothing).wins for c in classes]
    )
    total = int(wins.sum())
    return Labelling(
        classes=classes,
        winners=np.where(wins.any(axis=0), wins.argmax(axis=0), -1),
        purity=int(wins.max(axis=0).sum()) / total if total else np.nan,
        n_samples=len(labels),
    )
