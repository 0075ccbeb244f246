"""Files of a run: stages, checkpoints, weights, history."""
