"""Frames become video tokens: features of patches or of a vision encoder, quantised."""
