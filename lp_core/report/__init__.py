"""Panels, plots and the static page."""
