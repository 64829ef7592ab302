"""A fitted tokenizer: its tokens, its report by hand, and its files, which are loaded as they were saved or not at all."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from harness_plugins.video.tokenizer.files import DESCRIPTION, WEIGHTS, Description, load_tokenizer, save_tokenizer
from harness_plugins.video.tokenizer.report import use
from harness_plugins.video.tokenizer.settings import read_settings
from harness_plugins.video.tokenizer.tokenizer import Fitted
from small_tokenizer import fitted, noise

from harness.errors import InputError, PluginError


@pytest.mark.parametrize("levels", [1, 3])
def test_loaded_it_gives_the_same_tokens(levels: int, tmp_path: Path) -> None:
    tokenizer = fitted(levels=levels).tokenizer
    frames = noise(40, seed=1)
    tokens = tokenizer.encode(frames)
    assert tokens.shape == (40, 16 * levels)
    assert tokens.dtype == np.int32
    for level in range(levels):
        own = tokens.reshape(40, 16, levels)[:, :, level]
        assert own.min() >= 16 * level
        assert own.max() < 16 * (level + 1)
    save_tokenizer(tokenizer, tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.digest == tokenizer.digest
    assert loaded.info(5.0) == tokenizer.info(5.0)
    assert np.array_equal(loaded.encode(frames), tokens)
    assert np.array_equal(loaded.decode(tokens), tokenizer.decode(tokens))


def test_the_digest_is_the_same_whether_the_share_held_out_is_known_or_not() -> None:
    """The digest that a description had before it kept that share: tokens that were made then are still read."""
    said: dict[str, Any] = {
        "settings": read_settings({"codes": 8}),
        "height": 128,
        "width": 128,
        "tokens": 64,
        "grid": (8, 8),
        "dimensions": 12,
        "encoder": "",
        "weights": "0" * 64,
    }
    before = Fitted(videos=3, frames=20, patches=320, rate=5.0)
    for fitted_on in (before, msgspec.structs.replace(before, held_out=0.0), msgspec.structs.replace(before, held_out=0.1)):
        one = Description(fitted=fitted_on, **said)
        assert one.digest == "5e001ec1663440e282162a6e331a84682841258cd600ebc0648570336071f673"
        assert msgspec.json.decode(msgspec.json.encode(one), type=Description) == one


def test_tokens_do_not_depend_on_how_many_frames_come_at_a_time() -> None:
    tokenizer = fitted(levels=2).tokenizer
    frames = noise(70, seed=2)
    assert np.array_equal(tokenizer.encode(frames), np.concatenate([tokenizer.encode(frames[n : n + 1]) for n in range(70)]))


def test_the_nearest_picture_is_drawn() -> None:
    frames = noise(30)
    plain, fine = fitted(frames, codes=64).tokenizer, fitted(frames, codes=64, levels=4).tokenizer
    lost = [np.square(one.decode(one.encode(frames)).astype(float) - frames).mean() for one in (plain, fine)]
    assert lost[1] < lost[0] < np.square(frames - frames.mean()).mean()


def test_info_says_what_the_tokens_are() -> None:
    info = fitted(levels=2, codes=8, height=32, width=64).tokenizer.info(2.0)
    assert (info.height, info.width, info.tokens, info.codes, info.grid, info.levels, info.rate) == (
        32,
        64,
        16,
        16,
        (2, 4),
        2,
        2.0,
    )


def test_report_against_what_is_drawn() -> None:
    frames = noise(30)
    fitting = fitted(frames, codes=32, size=8)
    said, tokenizer = fitting.report, fitting.tokenizer
    tokens = tokenizer.encode(frames)
    counts = np.bincount(tokens.ravel(), minlength=32)
    shares = counts[counts > 0] / counts.sum()
    level = said["levels"][0]
    assert said["patches"] == tokens.size
    assert level["used"] == np.count_nonzero(counts)
    assert level["dead"] + level["used"] == level["codes"] == 32
    assert level["perplexity"] == pytest.approx(2 ** -(shares * np.log2(shares)).sum())
    rows = tokenizer.features.extract(frames).reshape(-1, tokenizer.features.dimensions).astype(float)
    told = tokenizer.told(tokens).reshape(rows.shape)
    lost = np.square(rows - told).sum(axis=1).mean()
    assert level["mse"] == pytest.approx(lost, rel=1e-5)
    assert level["explained"] == pytest.approx(1 - lost / rows.var(axis=0).sum(), rel=1e-5)
    # drawn pixels are rounded and cut to 0–255, which the report does not do
    drawn = np.square(tokenizer.decode(tokens).astype(float) - frames).mean()
    assert said["pixel_mse"] == pytest.approx(drawn, rel=0.02)
    assert said["psnr"] == pytest.approx(10 * np.log10(255**2 / said["pixel_mse"]))


def test_one_colour_uses_one_code_and_loses_nothing() -> None:
    frames = np.full((100, 64, 64, 3), 128, np.uint8)
    for levels in (1, 3):
        fitting = fitted(frames, levels=levels)
        assert [one["used"] for one in fitting.report["levels"]] == [1] * levels
        assert [one["perplexity"] for one in fitting.report["levels"]] == [1.0] * levels
        assert all(one["mse"] < 1e-6 and one["explained"] is None for one in fitting.report["levels"])
        assert fitting.report["distinct"] == 1
        assert fitting.report["pixel_mse"] < 1e-6
        json.dumps(fitting.report, allow_nan=False)
        tokens = fitting.tokenizer.encode(frames)
        assert len(np.unique(tokens, axis=0)) == 1
        assert np.array_equal(fitting.tokenizer.decode(tokens), frames)


def test_use_by_hand() -> None:
    assert use(np.array([4, 4, 0, 0])) == {"codes": 4, "used": 2, "dead": 2, "share": 0.5, "perplexity": pytest.approx(2.0)}
    assert use(np.array([0, 0]))["perplexity"] is None


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    def damaged(change: Any, name: str = WEIGHTS) -> str:
        save_tokenizer(fitted().tokenizer, tmp_path)
        path = tmp_path / name
        change(path)
        with pytest.raises(InputError, match=r"anew|missing") as caught:
            load_tokenizer(tmp_path)
        path.unlink(missing_ok=True)
        (tmp_path / DESCRIPTION).unlink(missing_ok=True)
        assert str(tmp_path) in str(caught.value)
        return str(caught.value)

    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))

    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "damaged or changed since it was saved (sha256" in damaged(cut)
    assert "damaged or changed since it was saved (sha256" in damaged(flip)
    assert "codebooks of the tokenizer are missing" in damaged(Path.unlink)
    assert "not the description of a video tokenizer" in damaged(cut, DESCRIPTION)
    assert "tokenizer.json is missing" in damaged(Path.unlink, DESCRIPTION)


def _with_weights(folder: Path, arrays: dict[str, Any]) -> None:
    """Other weights with a digest that fits them."""
    import hashlib

    from safetensors.numpy import save

    (folder / WEIGHTS).write_bytes(save(arrays))
    said = json.loads((folder / DESCRIPTION).read_text())
    said["weights"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / DESCRIPTION).write_text(json.dumps(said))


def test_codebooks_of_another_shape_or_with_no_numbers_are_refused(tmp_path: Path) -> None:
    tokenizer = fitted().tokenizer
    save_tokenizer(tokenizer, tmp_path)
    _with_weights(tmp_path, {"codebooks": tokenizer.codebooks[:, :, :-1].copy()})
    with pytest.raises(InputError, match=r"codebooks \(1, 16, 26\) are not \(1, 16, 27\)"):
        load_tokenizer(tmp_path)
    wrong = tokenizer.codebooks.copy()
    wrong[0, 5, 2] = np.nan
    _with_weights(tmp_path, {"codebooks": wrong})
    with pytest.raises(InputError, match=r"tokenizer\.safetensors: codebooks holds what is no finite float32 number"):
        load_tokenizer(tmp_path)
    _with_weights(tmp_path, {"books": tokenizer.codebooks})
    with pytest.raises(InputError, match="not the codebooks of a video tokenizer"):
        load_tokenizer(tmp_path)
    said = json.loads((tmp_path / DESCRIPTION).read_text())
    (tmp_path / DESCRIPTION).write_text(json.dumps(said | {"version": 9}))
    with pytest.raises(InputError, match="version 9"):
        load_tokenizer(tmp_path)


def test_another_tokenizer_is_not_written_over(tmp_path: Path) -> None:
    save_tokenizer(fitted().tokenizer, tmp_path)
    before = (tmp_path / WEIGHTS).read_bytes()
    save_tokenizer(fitted().tokenizer, tmp_path)
    with pytest.raises(InputError, match="holds another tokenizer"):
        save_tokenizer(fitted(seed=4).tokenizer, tmp_path)
    assert (tmp_path / WEIGHTS).read_bytes() == before


def test_tokens_of_another_tokenizer_are_not_drawn() -> None:
    tokenizer = fitted(levels=2).tokenizer
    with pytest.raises(InputError, match="not those of this tokenizer"):
        tokenizer.decode(np.zeros((1, 5), np.int32))
    wrong = tokenizer.encode(noise(1))
    wrong[0, 1] = 15  # a code of the first level where the second one's is
    with pytest.raises(InputError, match="are not all of this tokenizer's 16 codes in 2 levels"):
        tokenizer.decode(wrong)


def test_an_encoders_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tiny_vision import write_encoder

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    encoder = write_encoder(tmp_path / "vit")
    frames = noise(20, 32, 32)
    tokenizer = fitted(frames, kind="encoder", model=str(encoder), levels=2).tokenizer
    rows = tokenizer.rows(frames).reshape(-1, 32)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-4)
    save_tokenizer(tokenizer, tmp_path / "tokenizer")
    loaded = load_tokenizer(tmp_path / "tokenizer")
    assert np.array_equal(loaded.encode(frames), tokenizer.encode(frames))
    assert loaded.info(1.0).grid == (4, 4)
    with pytest.raises(PluginError, match="cannot be drawn"):
        loaded.decode(loaded.encode(frames))
    write_encoder(tmp_path / "vit", seed=9)
    with pytest.raises(InputError, match="it was fitted with another encoder than"):
        load_tokenizer(tmp_path / "tokenizer")


def test_features_that_are_no_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from safetensors.numpy import load_file, save_file
    from tiny_vision import write_encoder

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    encoder = write_encoder(tmp_path / "vit")
    frames = noise(20, 32, 32)
    whole = fitted(frames, kind="encoder", model=str(encoder)).tokenizer
    tensors = load_file(encoder / "model.safetensors")
    tensors["layernorm.weight"][0] = np.nan
    save_file(tensors, encoder / "model.safetensors", {"format": "pt"})
    with pytest.raises(PluginError, match=f"the encoder '{encoder}': features of 320 of 320 patches are not finite"):
        fitted(frames, kind="encoder", model=str(encoder))
    from harness_plugins.video.tokenizer.features import open_features

    whole.features = open_features(whole.settings)
    with pytest.raises(PluginError, match="not finite"):
        whole.encode(frames)


def test_description_says_no_number_that_is_none(tmp_path: Path) -> None:
    save_tokenizer(fitted().tokenizer, tmp_path)
    said = msgspec.json.decode((tmp_path / DESCRIPTION).read_bytes())
    assert said["tokens"] == 16
    assert said["settings"]["codes"] == 16
    assert said["fitted"] == {"videos": 1, "frames": 20, "patches": 320, "rate": 5.0}
