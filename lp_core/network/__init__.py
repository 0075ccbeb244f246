"""VGG-16, its receptive fields, weights, learning and accuracy."""
