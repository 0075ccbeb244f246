"""Photograph to log-polar image, and back."""
