"""Analyses: what retrieval does to a model's predictions, and why."""
