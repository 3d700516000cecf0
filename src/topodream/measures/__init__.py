"""What a trained map is worth: measures, and the baselines to compare them with.

Nothing is imported here, so that what needs a part depends on that part only: pictures ask how a
map responds, not which measures there are, which is what :mod:`topodream.measures.registry` says.
"""
