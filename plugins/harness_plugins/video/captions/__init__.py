"""Aligned text: SRT, WebVTT and JSON Lines become cues."""
