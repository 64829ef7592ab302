"""The gate: a change of what a metric does fails CI, and says what changed."""
