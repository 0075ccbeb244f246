"""The images that drive a channel most, and the pictures of what it sees in them."""

KEEP = 9
"""Exemplars of a channel, "the nine". Source: Zeiler & Fergus 2014, figure 2."""
