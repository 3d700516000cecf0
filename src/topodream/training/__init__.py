"""Training: the loop over epochs, what it leaves behind, and the files of that."""
