"""What can be said about channels and views, as numbers."""
