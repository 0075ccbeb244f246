"""The science of Logpolar: arrays, tensors, tables, pictures and file formats. Knows nothing of Ray or clusters."""
