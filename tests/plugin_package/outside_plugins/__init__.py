"""Plugins that live outside the harness."""
