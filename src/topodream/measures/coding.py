"""What the activity tells of a digit's label."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices, Integers
from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.responses import respond
from topodream.measures.sampling import SEED, spread
from topodream.traits import LABELS

# Regularisation of the probe, in units of the mean squared length of its inputs.
RIDGE = 0.01
# Training samples that labels are learnt from: each is a row of as many numbers as units.
LABELLED = 4000
# That many numbers at most: 128 MiB in single precision.
LABELLED_NUMBERS = 2**25

Labels = npt.NDArray[np.uint8]


def votes(winners: Indices, labels: Labels, n_units: int) -> npt.NDArray[np.int64]:
    """Return how many samples of each label each unit was first winner of: (n_units, n_labels)."""
    counts = np.zeros((n_units, int(labels.max()) + 1), np.int64)
    np.add.at(counts, (winners, labels), 1)
    return counts


def purity(winners: Indices, labels: Labels, n_units: int) -> float:
    """Return the share of samples that have the label most frequent among those of their winner.

    Manning, Raghavan and Schuetze 2008, chapter 16.
    """
    return float(votes(winners, labels, n_units).max(axis=1).sum() / len(labels))


def named_right(
    train: Indices, train_labels: Labels, held_out: Indices, labels: Labels, n_units: int
) -> float:
    """Return the share of held-out samples whose winner's most frequent label is theirs.

    As Diehl and Cook 2015 name units. A unit that won no training sample has no label, and what
    it wins counts as wrong.
    """
    counts = votes(train, train_labels, n_units)
    named = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    return float(np.mean(named[held_out] == labels))


def label_measures(
    train: Indices, train_labels: Labels, held_out: Indices, labels: Labels, n_units: int
) -> dict[str, float | None]:
    """Return what the first winner alone tells of labels, with what chance gives.

    Parameters
    ----------
    train, held_out : (n_samples,)
        First winners.
    train_labels, labels : (n_samples,)
    n_units : int
    """
    dealt = np.random.default_rng(SEED).permutation(train_labels)
    commonest = np.bincount(train_labels).argmax()
    return {
        "label_purity": purity(train, train_labels, n_units),
        "label_purity_shuffled": purity(train, dealt, n_units),
        "label_accuracy": named_right(train, train_labels, held_out, labels, n_units),
        "chance_accuracy": float(np.mean(labels == commonest)),
    }


def probe(
    train: Floats, train_labels: Labels, held_out: Floats | Vectors, labels: Labels
) -> float | None:
    """Return the accuracy of a linear classifier on held-out codes.

    One-vs-all ridge regression (Alain and Bengio 2016 on probes). Codes are scaled as a whole, not
    each unit by itself: one that hardly ever answers would count as much as any.

    Parameters
    ----------
    train, held_out : (n_samples, n_features)
    train_labels, labels : (n_samples,)

    Returns
    -------
    float or None
        None where codes are zero or no finite numbers, or all labels are the same.
    """
    squares = [np.square(train[rows], dtype=float).sum(axis=1) for rows in blocks(train.shape)]
    scale = float(np.sqrt(np.concatenate(squares).mean()))
    few_rows = list(blocks(held_out.shape))
    sound = 0 < scale < np.inf and all(np.isfinite(held_out[rows]).all() for rows in few_rows)
    classes = np.unique(train_labels)
    if not sound or len(classes) == 1:
        return None
    targets = np.where(train_labels[:, None] == classes, 1, -1)
    weights, offset = ridge(train / scale, targets, RIDGE * len(train))
    named = [
        classes[(held_out[rows] / scale @ weights + offset).argmax(axis=1)] for rows in few_rows
    ]
    return float(np.mean(np.concatenate(named) == labels))


def ridge(inputs: Floats, targets: Integers, penalty: float) -> tuple[Floats, Floats]:
    """Return weights and offsets of the linear regression with a penalty on squared weights.

    Parameters
    ----------
    inputs : (n_samples, n_features)
        Changed: they have the mean 0 afterwards.
    targets : (n_samples, n_targets)
    penalty : float

    Returns
    -------
    weights : (n_features, n_targets)
    offset : (n_targets,)
    """
    mean, mean_target = (values.mean(axis=0, dtype=float) for values in (inputs, targets))
    inputs -= mean.astype(inputs.dtype)
    centred = (targets - mean_target).astype(inputs.dtype)
    # Of the two equal solutions, the one with fewer unknowns.
    if inputs.shape[1] <= inputs.shape[0]:
        weights = _solve(inputs.T @ inputs, penalty, inputs.T @ centred)
    else:
        weights = inputs.T @ _solve(inputs @ inputs.T, penalty, centred)
    return weights, mean_target - mean @ weights


def _solve(products: Floats, penalty: float, right: Floats) -> Floats:
    products.flat[:: len(products) + 1] += penalty
    return np.linalg.solve(products, right)


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "label_purity",
        "label purity",
        "share of training digits of the kind their winner wins most",
        ".1%",
        better="higher",
        null="label_purity_shuffled",
    ),
    Measure(
        "label_purity_shuffled",
        "label purity, shuffled",
        "the same with labels shuffled: it rises with the number of units",
        ".1%",
    ),
    Measure(
        "label_accuracy",
        "digits named by their winner",
        "share of held-out digits of the kind their winner won most in training",
        ".1%",
        better="higher",
        null="chance_accuracy",
    ),
    Measure(
        "chance_accuracy",
        "digits named without looking",
        "share of held-out digits of the kind that is most frequent in training",
        ".1%",
    ),
    Measure(
        "linear_probe",
        "linear probe",
        "share of held-out digits that a linear classifier names from the activity",
        ".1%",
        better="higher",
        null="probe_pixels",
    ),
    Measure("probe_pixels", "linear probe of pixels", "the same from pixels, without a map", ".1%"),
    group="coding",
    needs=(LABELS,),
)
def _labels(subject: Subject) -> Values:
    (train, labels), n_units, held_out = (
        subject.labels,
        subject.grid.n_units,
        subject.responses,
    )
    most = min(LABELLED, LABELLED_NUMBERS // n_units)
    chosen = spread(len(train), most)
    vectors, learnt = subject.shown.train.pick(chosen), train[chosen]
    shown = respond(subject.model.trained.state, vectors, subject.experiment)
    few = _few(len(chosen), subject.samples)
    return {
        **label_measures(shown.ranked[:, 0], learnt, held_out.ranked[:, 0], labels, n_units),
        "linear_probe": probe(shown.fresh[few], learnt[few], held_out.fresh, labels),
        "probe_pixels": subject.shown.once(_probe_of_pixels, most),
    }


def _few(n: int, samples: Vectors) -> Indices:
    """Return which of n samples both probes learn from: of large images from fewer."""
    return spread(n, LABELLED_NUMBERS // samples.shape[1])


def _probe_of_pixels(shown: Shown, most: int) -> float | None:
    chosen = spread(len(shown.train), most)
    chosen = chosen[_few(len(chosen), shown.samples)]
    train, labels = shown.labels
    return probe(shown.train[chosen], train[chosen], shown.samples, labels)
