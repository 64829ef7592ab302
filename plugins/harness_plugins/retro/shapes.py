"""Models to train: from scratch by a preset, or a pretrained decoder that is retrofitted.

Where retrieval is never trained (no neighbours), its parts add nothing: ON is then OFF.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from typing import Any, Literal

from harness.errors import HarnessError, InputError, PluginError, did_you_mean
from harness_plugins.judges.local_files import LocalModel
from harness_plugins.metrics import encoders
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.presets import changed, decoder_settings, shape

# what a database decides, or another parameter of the trainer
_TAKEN = ("self", "decoder", "rest", "chunk", "neighbours", "neighbour_length", "gated")
_OF_TOKENIZER = ("vocab_size", "pad_token_id", "eos_token_id", "bos_token_id")  # which configs have without naming them
Part = Literal["preset", "decoder", "model"]


class ShapeError(PluginError):
    """A shape of which no model can be made. `part`: the parameter that says so."""

    def __init__(self, part: Part, said: str) -> None:
        super().__init__(f"{part}: no model can be made of it: {said}")
        self.part, self._said = part, said

    def __reduce__(self) -> tuple[Any, ...]:
        """As it comes out of another process."""
        return type(self), (self.part, self._said)


def check_model_settings(given: Mapping[str, Any]) -> None:
    """ValueError for what is no setting of a RetroConfig that may be chosen."""
    from harness_plugins.retro.config import RetroConfig

    known = [name for name in signature(RetroConfig.__init__).parameters if name not in _TAKEN]
    for key in given:
        if key not in known:
            raise ValueError(f"model has no setting {key!r}; it takes {', '.join(known)}.{did_you_mean(key, known)}")


def from_scratch(
    database: Database,
    preset: str | None,
    decoder: Mapping[str, Any] | None,
    model: Mapping[str, Any],
    *,
    neighbours: int,
    seed: int,
) -> Any:
    """A model with fresh weights, drawn from the seed, of the database's tokens and chunks. ShapeError where none can be made."""
    import torch

    from harness_plugins.retro.model import RetroForCausalLM

    config = checked_shape(preset, decoder, model, neighbours=neighbours, **tokens_of(database))
    torch.manual_seed(seed)
    return _without(RetroForCausalLM(config), neighbours)


def tokens_of(database: Database) -> dict[str, Any]:
    """What a shape takes from a database: `vocabulary`, `chunk`, and the tokens `pad` and `end`."""
    words = database.tokenizer
    return {"vocabulary": database.info.tokenizer.vocabulary, "chunk": database.chunk, "pad": words.pad, "end": words.end}


def checked_shape(
    preset: str | None,
    decoder: Mapping[str, Any] | None,
    model: Mapping[str, Any],
    *,
    neighbours: int,
    vocabulary: int,
    chunk: int,
    pad: int | None,
    end: int | None,
) -> Any:
    """The RetroConfig of a model from scratch, of which one was made without weights (torch's device `meta`).

    Raises ShapeError for a preset that there is not, a decoder of an unknown kind, a setting that the decoder or the model does
    not have, and for what does not fit together.
    """
    import torch

    from harness_plugins.retro.model import RetroForCausalLM

    with _told("preset" if decoder is None else "decoder"):
        inner = decoder_settings(preset, decoder)
    with _told("decoder"), encoders.quiet():
        _check_decoder(inner, decoder or {}, vocabulary)
    with _told("model"), encoders.quiet(), torch.random.fork_rng(devices=[]), torch.device("meta"):
        check_model_settings(model)
        around = {"neighbours": max(1, neighbours), **model}
        config = shape(preset, decoder, around, vocabulary=vocabulary, chunk=chunk, pad=pad, end=end)
        RetroForCausalLM(config)
    return config


def _check_decoder(inner: Mapping[str, Any], given: Mapping[str, Any], vocabulary: int) -> None:
    """ValueError for a decoder of a kind that is not known, a setting that it does not have, and too few words; what else
    transformers raises where the settings do not fit together. `given`: those of the settings that are the user's own."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    from harness_plugins.retro.config import RelativeConfig, register
    from harness_plugins.retro.model import layers_of

    register()
    kind, kinds = inner["model_type"], [*MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, RelativeConfig.model_type]
    if kind not in kinds:
        near = did_you_mean(kind, kinds).partition(" Known:")[0]
        raise ValueError(f"there is no decoder of the type {kind!r}; take one like llama, mistral or gpt2.{near}")
    plain = AutoConfig.for_model(kind)
    known = {*plain.to_dict(), *plain.attribute_map, *_OF_TOKENIZER}
    kept = type(plain)(**{key: value for key, value in given.items() if key not in known}).to_dict()
    for key in given:
        if key not in known and key in kept:  # a config keeps what it does not know, and takes what it has another name for
            raise ValueError(f"{kind} has no setting {key!r}.{did_you_mean(key, known)}")
    config = AutoConfig.for_model(**{**dict.fromkeys(_OF_TOKENIZER), "vocab_size": vocabulary, **inner})
    if config.get_text_config().vocab_size < vocabulary:
        raise ValueError(
            f"it has a vocabulary of {config.get_text_config().vocab_size:,}, and the tokenizer one of {vocabulary:,}"
        )
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        layers_of(AutoModelForCausalLM.from_config(config))


@contextmanager
def _told(part: Part) -> Iterator[None]:
    """A context in which whatever transformers, torch or a config of ours raises for a setting is a ShapeError of the part."""
    from huggingface_hub.errors import StrictDataclassError

    try:
        yield
    except HarnessError:
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RuntimeError,
        ArithmeticError,
        AssertionError,
        StrictDataclassError,
    ) as error:
        said = " ".join(str(error).split())
        if not said or isinstance(error, LookupError):
            said = f"{type(error).__name__}: {said}"
        raise ShapeError(part, f"{said:.300}") from error


def retrofit(
    decoder: Any, database: Database, model: Mapping[str, Any], *, neighbours: int, freeze: bool, seed: int, name: str
) -> Any:
    """A pretrained decoder with chunked cross-attention in its second half, unless `model` says where: at first it is the decoder
    exactly. Raises PluginError for one that cannot be retrofitted, InputError for one that knows fewer tokens."""
    from harness_plugins.retro.retrofit import retrofitted

    known = int(decoder.get_input_embeddings().weight.shape[0])
    words = database.info.tokenizer.vocabulary
    if known < words:
        raise InputError(f"{name} knows {known:,} tokens, and the tokenizer of {database.folder} has {words:,}")
    inner = decoder.config.get_text_config()
    try:
        held = _beside(inner.num_hidden_layers, inner.hidden_size)
        settings = {"neighbours": max(1, neighbours), **changed(held, model)}
        made = retrofitted(
            decoder, freeze=freeze, seed=seed, chunk=database.chunk, neighbour_length=2 * database.chunk, **settings
        )
    except (ValueError, AttributeError) as error:
        raise PluginError(f"base {name}: it cannot be retrofitted: {error}") from error
    return _without(made, neighbours)


def check_retrofit(
    base: LocalModel, database: Database, model: Mapping[str, Any], *, neighbours: int, freeze: bool, seed: int
) -> Any:
    """The retrofitted base without weights (torch's device `meta`), for its shape. Raises what `retrofit` raises."""
    import torch
    from transformers import AutoModelForCausalLM

    config = encoders.load_config(encoders.Encoder(base.name, base.folder, base.digest))
    with torch.random.fork_rng(devices=[]), torch.device("meta"), encoders.quiet():
        with encoders.explained(base.folder, base.name, "base"):
            decoder = AutoModelForCausalLM.from_config(config)
        return retrofit(decoder, database, model, neighbours=neighbours, freeze=freeze, seed=seed, name=base.name)


def _beside(layers: int, width: int) -> dict[str, Any]:
    """Where and how wide: in the proportions of Norlund et al. 2023 (layers 6, 9 and 12 of 12; 896 beside 1,536)."""
    encoder = max(1, round(width * 896 / 1536 / 64)) * 64
    return {
        "cross_layers": sorted({max(1, layers // 2), max(1, 3 * layers // 4), layers}),
        "encoder_layers": 2,
        "encoder_width": encoder,
        "encoder_heads": encoder // 64,
        "encoder_cross_layers": [2],
    }


def _without(model: Any, neighbours: int) -> Any:
    """Where retrieval is never trained, its parts do not learn, and add zero."""
    from harness_plugins.retro.model import close_gates

    if neighbours == 0:
        close_gates(model)
        for name, parameter in model.named_parameters():
            if name.startswith("encoder.") or ".cross." in name:
                parameter.requires_grad = False
    return model
