"""Vision encoders out of random numbers, saved as transformers folders that read frames of 32×32 pixels in patches of 8."""

import json
from pathlib import Path
from typing import Any

SIDE = 32
KINDS = ("vit", "clip", "clip_vision", "siglip", "dinov2", "dinov2_registers", "swin", "convnext")


def write_encoder(folder: Path, kind: str = "vit", seed: int = 0, **preprocessing: Any) -> Path:
    """A tiny encoder of a family, with its preprocessing."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(kind)
    model.save_pretrained(folder)
    said = {
        "do_normalize": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.3, 0.4],
        "rescale_factor": 1 / 255,
        "size": {"height": SIDE, "width": SIDE},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(said | preprocessing))
    return folder


def _model(kind: str) -> Any:
    import transformers as t

    plain = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    tiny: dict[str, Any] = {**plain, "intermediate_size": 64}
    seeing = {"image_size": SIDE, "patch_size": 8}
    if kind == "vit":
        return t.ViTModel(t.ViTConfig(**tiny, **seeing, initializer_range=0.2))
    if kind == "vit_mae":
        return t.ViTMAEModel(t.ViTMAEConfig(**tiny, **seeing))
    if kind == "clip":
        read = {**tiny, "vocab_size": 100, "bos_token_id": 1, "eos_token_id": 2}
        return t.CLIPModel(t.CLIPConfig(vision_config={**tiny, **seeing}, text_config=read, projection_dim=16))
    if kind == "clip_vision":
        return t.CLIPVisionModel(t.CLIPVisionConfig(**tiny, **seeing))
    if kind == "siglip":
        return t.SiglipVisionModel(t.SiglipVisionConfig(**tiny, **seeing))
    if kind == "dinov2":
        return t.Dinov2Model(t.Dinov2Config(**plain, **seeing))
    if kind == "dinov2_registers":
        return t.Dinov2WithRegistersModel(t.Dinov2WithRegistersConfig(**plain, **seeing))
    if kind == "swin":
        config = t.SwinConfig(image_size=SIDE, patch_size=2, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4)
        return t.SwinModel(config)
    if kind == "convnext":
        return t.ConvNextModel(t.ConvNextConfig(num_stages=4, hidden_sizes=[8, 8, 16, 32], depths=[1] * 4, image_size=SIDE))
    assert kind == "bert"
    return t.BertModel(t.BertConfig(**tiny, vocab_size=100))
