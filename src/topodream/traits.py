"""Traits: what maps and data can have in common, by which measures and pictures are chosen.

A model and a data set name their traits; a measure or a picture names those that it needs, and
is of every map that has them all. So none of them has to know which models and data there are.
"""

# Of data sets: what a file of samples holds besides their pixels.
LABELS = "labels"  # a class for each sample
SEQUENCE = "sequence"  # samples follow one another
BARS = "known_bars"  # which bars each is made of
SIGNED = "signed"  # of values above and below 0, ON and OFF: Form.is_signed
OPPONENT = "opponent"  # of opponent colours

# Of models: what the settings, the state or the lateral weights of their maps have.
ACTIVATION = "activation"  # settings.activation, which can be replaced: "drive" or "excited"
TRACE = "trace"  # settings.trace, which can be replaced: None, or a share in (0, 1]
FADING = "fading"  # prototypes can fade away, see Model.faded
LATERAL_EXCITATION = "lateral excitation"  # lateral weights of that name, see Model.lateral
LEARNT_EXCITATION = "learnt excitation"  # state.excitation: (n_units, n_units)
GLOBAL_INHIBITION = "global inhibition"  # state.global_inhibition: (n_units, n_units), learnt
COLUMN_INHIBITION = "column inhibition"  # state.column_inhibition: (n_units, n_units), learnt

OF_DATA = frozenset({LABELS, SEQUENCE, BARS, SIGNED, OPPONENT})
