"""Which photograph and which class it is, whatever layout it came in."""
