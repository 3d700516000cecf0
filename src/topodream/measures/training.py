"""How training went."""

from topodream.measures.measure import Measure, Subject, Values, measured
from topodream.measures.prototypes import change, growth, settled_after


@measured(
    Measure(
        "weight_growth",
        "growth of the largest weight",
        "the largest weight after the last epoch over that after the epoch before",
        ".2f",
    ),
    Measure(
        "prototype_change",
        "change of prototypes",
        "how far prototypes turned since the last snapshot but one: 1 less their mean cosine",
        ".3f",
    ),
    Measure(
        "settled_after",
        "settled after, epochs",
        "first epoch with a training error within 10 % of the least",
        "d",
        better="lower",
    ),
    group="training",
)
def _settling(subject: Subject) -> Values:
    history, snapshots = subject.model.trained.history, subject.model.trained.snapshots
    turned = None
    if len(snapshots) > 1:
        before, after = snapshots[-2:]
        turned = change(before.arrays["weights"], after.arrays["weights"])
    return {
        "weight_growth": growth(history.largest_weight),
        "prototype_change": turned,
        "settled_after": settled_after(history.training_mse),
    }


@measured(
    Measure("diverged", "diverged", "1 if training went astray, else 0", ".0f", better="lower"),
    Measure(
        "diverged_at_step",
        "diverged at step",
        "the step at which training went astray",
        ",d",
    ),
    group="training",
)
def _divergence(subject: Subject) -> Values:
    divergence = subject.model.trained.divergence
    return {
        "diverged": float(divergence is not None),
        "diverged_at_step": None if divergence is None else divergence.step,
    }


@measured(
    Measure("held_out_samples", "held-out samples", "how many were measured", ",d"),
    group="training",
)
def _samples(subject: Subject) -> Values:
    return {"held_out_samples": len(subject.samples)}
