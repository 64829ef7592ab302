"""Plugins of another time."""
