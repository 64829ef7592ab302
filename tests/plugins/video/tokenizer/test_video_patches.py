"""Features of patches: against scipy's cosine transform, and what the basis promises."""

import numpy as np
import pytest
from harness_plugins.video.tokenizer.patches import Patches, basis
from numpy.typing import NDArray


def _frames(count: int = 3, height: int = 16, width: int = 24, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def test_features_are_scipys_cosine_transform_of_each_patch() -> None:
    from scipy.fft import dctn

    frames = _frames()
    found = Patches(16, 24, 8, 15).extract(frames).reshape(3, 2, 3, 192)
    patch = frames[1, 8:16, 16:24].astype(np.float64) - 128
    light = dctn(patch @ np.ones(3) / np.sqrt(3), norm="ortho")
    red = dctn(patch @ np.array([1, -1, 0]) / np.sqrt(2), norm="ortho")
    yellow = dctn(patch @ np.array([1, 1, -2]) / np.sqrt(6), norm="ortho")
    own = np.sort(found[1, 1, 2])
    np.testing.assert_allclose(own, np.sort(np.concatenate([light.ravel(), red.ravel(), yellow.ravel()])), atol=2e-3)
    np.testing.assert_allclose(found[1, 1, 2][:3], [light[0, 0], red[0, 0], yellow[0, 0]], atol=2e-3)


def test_distances_are_those_of_pixels() -> None:
    frames = _frames()
    features = Patches(16, 24, 8, 15).extract(frames).astype(np.float64)
    apart = np.square(features[0] - features[1]).sum()
    assert apart == pytest.approx(np.square(frames[0].astype(float) - frames[1]).sum(), rel=1e-5)


@pytest.mark.parametrize(("size", "height", "width"), [(1, 3, 5), (2, 4, 2), (8, 16, 24), (16, 16, 48)])
def test_all_features_draw_the_same_frame_again(size: int, height: int, width: int) -> None:
    frames = _frames(2, height, width)
    patches = Patches(height, width, size, 2 * size - 1)
    features = patches.extract(frames)
    assert features.shape == (2, patches.positions, 3 * size * size)
    assert patches.grid == (height // size, width // size)
    assert np.array_equal(patches.picture(features), frames)


def test_few_features_keep_colours_and_coarse_pattern() -> None:
    frames = np.empty((1, 16, 16, 3), np.uint8)
    frames[:] = (200, 30, 90)
    frames[:, :, 8:] = (10, 240, 0)
    assert np.array_equal(Patches(16, 16, 8, 1).picture(Patches(16, 16, 8, 1).extract(frames)), frames)
    slope = np.broadcast_to(np.linspace(0, 255, 16).astype(np.uint8)[None, :, None, None], (1, 16, 16, 3)).copy()
    few = Patches(16, 16, 16, 5)
    assert np.abs(few.picture(few.extract(slope)).astype(int) - slope).max() < 16


def test_features_do_not_depend_on_the_batch() -> None:
    frames = _frames(5, 32, 32)
    patches = Patches(32, 32, 16, 5)
    together = patches.extract(frames)
    assert np.array_equal(together, np.concatenate([patches.extract(frames[n : n + 1]) for n in range(5)]))
    assert np.array_equal(together[::-1], patches.extract(np.ascontiguousarray(frames[::-1])))


@pytest.mark.parametrize(("detail", "width"), [(1, 3), (2, 5), (5, 27), (15, 192)])
def test_how_many_numbers_detail_takes(detail: int, width: int) -> None:
    columns = basis(8, detail)
    assert columns.shape == (192, width)
    np.testing.assert_allclose(columns.T @ columns, np.eye(width), atol=1e-4)


def test_frames_of_another_size_or_kind_are_refused() -> None:
    patches = Patches(16, 16, 8, 5)
    with pytest.raises(ValueError, match=r"frames are uint8 \(N, 16, 16, 3\), got uint8 \(1, 16, 24, 3\)"):
        patches.extract(_frames(1))
    with pytest.raises(ValueError, match="float64"):
        patches.extract(np.zeros((1, 16, 16, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="do not fill a frame of 24 wide and 16 high"):
        Patches(16, 24, 16, 5)
