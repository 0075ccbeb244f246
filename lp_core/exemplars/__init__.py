"""The images that drive a channel most, and the pictures of what it sees in them."""

KEEP = 9
"""Exemplars of a channel, "the nine". Source: Zeiler & Fergus 2014, figure 2."""
ROUNDING = 1e-5
"""Difference of activations that rounding explains, as a share of the layer's largest: a nearly silent unit is a small
difference of large terms, and rounds like them. Source: our choice; 1.1e-7 was seen."""
