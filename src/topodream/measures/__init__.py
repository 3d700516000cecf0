"""What a trained map is worth: measures, and the baselines to compare them with.

Nothing is imported here, so that what needs a part depends on that part only: an edit of a
measure redraws no picture, and pictures don't wait for SciPy and scikit-learn.
"""
