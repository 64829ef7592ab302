"""Aligned text: SRT, WebVTT and JSON Lines become cues."""

from harness_plugins.video.captions.cues import Captions, Cue, Problem
from harness_plugins.video.captions.reading import SUFFIXES, read_captions

__all__ = ["SUFFIXES", "Captions", "Cue", "Problem", "read_captions"]
