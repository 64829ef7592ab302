"""A tokenizer of patches fitted on frames of noise, without any video."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHA = "a" * 64


def noise(count: int = 20, height: int = 64, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """Frames (N, H, W, 3): coarse blots, so that patches are of some kinds."""
    blots = np.random.default_rng(seed).integers(0, 256, (count, height // 8, width // 8, 3), dtype=np.uint8)
    return np.ascontiguousarray(blots.repeat(8, axis=1).repeat(8, axis=2))


def fitted(frames: NDArray[np.uint8] | None = None, **settings: Any) -> Any:
    """A `Fitting` on all patches of frames; settings as in a config."""
    from harness_plugins.video.tokenizer.features import open_features
    from harness_plugins.video.tokenizer.fitting import fit_sample
    from harness_plugins.video.tokenizer.sampling import Sample, left_out
    from harness_plugins.video.tokenizer.settings import read_settings

    chosen = read_settings({"codes": 16, "seed": 3, **settings})
    features = open_features(chosen)
    frames = noise(height=features.height, width=features.width) if frames is None else frames
    rows = features.extract(frames)
    energies = left_out(features, frames, rows) if features.drawn else None
    return fit_sample(Sample(rows.reshape(-1, rows.shape[-1]), energies, 1, len(frames), {}), chosen, 5.0)
