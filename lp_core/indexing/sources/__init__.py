"""What lies in a source: its files by their names, and the members of tar archives."""
