"""Words that the page explains where it uses them, besides the measures; docs/glossary.md says the same."""

TERMS = {
    "verdict": "of a claim or a statement: holds, does not hold, undecided; of a statement without data: not measured",
    "holds": "of a claim: the whole 95 % interval lies on the side that was claimed; of a statement: all its claims hold",
    "does not hold": "of a claim: the whole 95 % interval lies on the other side; of a statement: one of its claims does not hold",
    "undecided": "of a claim: its number lies within the 95 % interval, or there is none; of a statement: neither of the two",
    "not measured": "of a statement: what it is about could not be made, since its data have no source",
    "effect, of a claim": "how its interval compares with no effect: as claimed, there but smaller (or beyond a limit), none seen, the other way round",
    "95 % interval": "where the mean over seeds lies with a confidence of 95 %, by Student's t; a single seed has none",
    "null": "of a measure: what to compare it with (on the page, after the word against): what the same formula gives without order, without learning, with equal units, or for the samples themselves",
    "seed": "the number from which everything random in a training is drawn; maps that differ only in it differ by chance",
    "replicate": "an experiment with another seed",
    "sweep, point": "a grid over settings of an experiment, and one combination of values in it",
    "unit": "one element of a map",
    "win": "a step at which a unit was among the winners (SparseDream: the most active one; Foldiak: all that are active) and its answer was not 0",
    "dead unit": "a unit without a win",
    "reconstruction": "the sample as the active units see it",
    "held out": "not trained on",
    "search": "what the page's search boxes accept: words in a map's name, question or settings; or comparisons, as in radius = 3, dead < 10 %. A comparison has a setting (by its key or the last part of it) or a measure (by its name or label, or how they begin), then =, !=, <, <=, > or >= and a value. Several are joined by commas or and",
    "epoch": "a stretch of steps_per_epoch steps",
}
