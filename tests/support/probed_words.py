"""Tables of probed words for tests."""

import numpy as np
from harness_plugins.video.probe.figures import Settings
from harness_plugins.video.probe.table import WordTable

QUICK = Settings(resamples=300, permutations=500)


def made(imageability, word=None, cluster=None, frequency=None, length=None, classes=None):
    """A table; each word once, in a video of its own, unless said otherwise."""
    count = len(imageability)
    word = np.arange(count) if word is None else np.asarray(word)
    return WordTable(
        words=tuple(f"w{number:03}" for number in range(count)),
        imageability=np.asarray(imageability, float),
        frequency=np.full(count, np.nan) if frequency is None else np.asarray(frequency, float),
        length=np.full(count, 4.0) if length is None else np.asarray(length, float),
        classes=(None,) * count if classes is None else tuple(classes),
        word=word.astype(np.int64),
        cluster=(np.arange(len(word)) if cluster is None else np.asarray(cluster)).astype(np.int64),
    )
