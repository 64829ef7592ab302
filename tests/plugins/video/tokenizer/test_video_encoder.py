"""Vision encoders: their own features, at the places of the picture, and those that cannot be used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_plugins.video.tokenizer.features import open_features
from harness_plugins.video.tokenizer.settings import read_settings
from numpy.typing import NDArray
from tiny_vision import KINDS, write_encoder

from harness.errors import PluginError

pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def _open(folder: Path | str, **more: Any) -> Any:
    return open_features(read_settings({"kind": "encoder", "model": str(folder), **more}))


def _frames(count: int = 3, side: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_features_are_the_models_own(tmp_path: Path) -> None:
    import torch
    from transformers import ViTModel

    folder = write_encoder(tmp_path / "vit")
    features = _open(folder)
    frames = _frames()
    values = (frames / 255 - np.array([0.5, 0.4, 0.3])) / np.array([0.2, 0.3, 0.4])
    pixels = torch.from_numpy(values.transpose(0, 3, 1, 2).astype(np.float32))
    with torch.inference_mode():
        states = ViTModel.from_pretrained(folder)(pixel_values=pixels, output_hidden_states=True)
    found = features.extract(frames)
    assert (features.grid, features.positions, features.dimensions) == ((4, 4), 16, 32)
    np.testing.assert_allclose(found, states.last_hidden_state[:, 1:].numpy(), atol=1e-4)
    np.testing.assert_allclose(_open(folder, layer=1).extract(frames), states.hidden_states[1][:, 1:].numpy(), atol=1e-4)
    np.testing.assert_allclose(
        _open(folder, grid=[2, 4]).extract(frames).reshape(3, 2, 4, 32),
        states.last_hidden_state[:, 1:].numpy().reshape(3, 2, 2, 4, 32).mean(axis=2),
        atol=1e-4,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_places_are_those_of_the_picture(kind: str, tmp_path: Path) -> None:
    """Changing the corner at the bottom right moves the last place's features most, and the number of places is the grid's."""
    features = _open(write_encoder(tmp_path / kind, kind), layer=0 if kind == "convnext" else 1)
    frame = np.full((1, 32, 32, 3), 90, np.uint8)
    other = frame.copy()
    other[:, 28:, 28:] = (250, 0, 130)
    apart = np.square(features.extract(frame) - features.extract(other))[0].sum(axis=1)
    assert features.grid is not None
    assert features.positions == features.grid[0] * features.grid[1] == len(apart)
    assert apart.argmax() == len(apart) - 1
    assert len(apart) >= 16


def test_a_frame_of_another_size_takes_positions_between(tmp_path: Path) -> None:
    features = _open(write_encoder(tmp_path / "vit"), height=64, width=48)
    assert (features.height, features.width, features.grid) == (64, 48, (8, 6))
    assert np.isfinite(features.extract(np.zeros((1, 64, 48, 3), np.uint8))).all()
    with pytest.raises(PluginError, match="patches of 8×8 pixels do not fill a frame 64 wide and 60 high"):
        _open(tmp_path / "vit", height=60, width=64)


def test_colours_as_the_folder_says(tmp_path: Path) -> None:
    plain = write_encoder(tmp_path / "plain", image_mean=[0, 0, 0], image_std=[1, 1, 1])
    other = write_encoder(tmp_path / "other", do_normalize=False)
    frames = _frames()
    assert np.array_equal(_open(plain).extract(frames), _open(other).extract(frames))
    assert not np.array_equal(_open(plain).extract(frames), _open(write_encoder(tmp_path / "own")).extract(frames))
    unscaled = write_encoder(tmp_path / "unscaled", do_normalize=False, do_rescale=False)
    assert not np.allclose(_open(unscaled).extract(frames), _open(other).extract(frames))
    cropped = write_encoder(
        tmp_path / "cropped", size={"shortest_edge": 40}, do_center_crop=True, crop_size={"height": 24, "width": 16}
    )
    assert (_open(cropped).height, _open(cropped).width) == (24, 16)
    shortest = write_encoder(tmp_path / "shortest", size={"shortest_edge": 40})
    assert (_open(shortest).height, _open(shortest).width) == (40, 40)


def test_number_of_threads_does_not_matter(tmp_path: Path) -> None:
    import torch

    features = _open(write_encoder(tmp_path / "vit"))
    before = torch.get_num_threads()
    found = features.extract(_frames(8))
    try:
        torch.set_num_threads(3)
        assert np.array_equal(found, features.extract(_frames(8)))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_digest_is_of_weights_and_preprocessing_not_of_the_place(tmp_path: Path) -> None:
    first, same = write_encoder(tmp_path / "a"), write_encoder(tmp_path / "b")
    assert _open(first).digest == _open(same).digest
    assert _open(first).digest != _open(write_encoder(tmp_path / "c", seed=1)).digest
    assert _open(first).digest != _open(write_encoder(tmp_path / "d", rescale_factor=0.5)).digest


def test_what_is_no_usable_encoder(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(PluginError, match=f"vision encoder '{nowhere}': there is no such folder"):
        _open(nowhere)
    bert = write_encoder(tmp_path / "bert", "bert")
    with pytest.raises(PluginError, match=f"'{bert}': a bert reads no pictures"):
        _open(bert)
    with pytest.raises(PluginError, match="differ each time"):
        _open(write_encoder(tmp_path / "mae", "vit_mae"))
    with pytest.raises(PluginError, match=r"layer 3: .* has layers 0 to 2; -1 is the last"):
        _open(write_encoder(tmp_path / "vit"), layer=3)
    with pytest.raises(PluginError, match=r"grid \[3, 2\]: .* has 4 rows and 4 columns"):
        _open(tmp_path / "vit", grid=[3, 2])
    (tmp_path / "vit" / "preprocessor_config.json").unlink()
    with pytest.raises(PluginError, match=r"holds no preprocessor_config\.json, which says how pixels become numbers"):
        _open(tmp_path / "vit")
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(PluginError, match="it is a file"):
        _open(file)


def test_weights_that_lack_something_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = write_encoder(tmp_path / "vit")
    path = folder / "model.safetensors"
    tensors = load_file(path)
    left = {name: one for name, one in tensors.items() if "layernorm.weight" not in name}
    assert len(left) < len(tensors)
    save_file(left, path, {"format": "pt"})
    with pytest.raises(PluginError, match="its weights lack"):
        _open(folder)


def test_a_hub_name_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        PluginError, match="vision encoder 'nobody/no-such-vit': there is no such folder, and the hub does not give it"
    ):
        _open("nobody/no-such-vit")


def test_preprocessing_in_a_processors_file(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "vit")
    said = json.loads((folder / "preprocessor_config.json").read_text())
    found = _open(folder).extract(_frames())
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": said, "processor_class": "X"}))
    assert np.array_equal(found, _open(folder).extract(_frames()))
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": {**said, "image_std": [0.5, 0, 0.5]}}))
    with pytest.raises(PluginError, match="does not say how pixels become numbers"):
        _open(folder)
