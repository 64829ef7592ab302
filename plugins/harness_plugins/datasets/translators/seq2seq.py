"""Translation models through transformers: Marian, M2M100, NLLB and MADLAD, from a folder or by their name on the hub."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.errors import MissingExtra, PluginError
from harness_plugins.datasets.translators.base import Translated
from harness_plugins.datasets.translators.families import Direction, direction
from harness_plugins.datasets.translators.languages import check_tag
from harness_plugins.datasets.translators.neural import OVER, Written, checked_limits, checked_unit, translated
from harness_plugins.metrics import encoders

WHAT = "translation model"
FILES = (*encoders.FILES, "*.spm", "target_vocab.json", "generation_config.json")
DTYPES = ("float32", "bfloat16", "float16")
PIP_LINE = "pip install 'metaeval-harness[translate]'"
_BATCH_TOKENS = {"cpu": 2_048}
_BATCH_TOKENS_ELSEWHERE = 16_384
_LONGEST = 512  # tokens, for models with relative positions, which tell no limit but were trained on short texts


class Seq2SeqTranslator:
    """Translations of an encoder–decoder model: `model` is a folder, or `owner/name[@revision]` on the hub, with safetensors.

    Languages are told as the family wants it (`families`); `source_code` and `target_code` are its vocabulary's where a tag does
    not find them. `beams`: 1 is greedy. `max_ratio`: tokens of a translation per token of its source (and 16), beyond which it
    counts as cut off. `unit`: `sentence` cuts texts into sentences, `text` into lines, and those into sentences only where they
    do not fit. `max_input_tokens`: what fits, by default what the files say. `device`: auto, cpu, cuda. `dtype`: float32,
    bfloat16, float16. `batch_tokens`: padded tokens of a batch. Loaded when first asked; no code of the model's is run.

    Raises PluginError for a model or language that cannot be used, MissingExtra without the packages.
    """

    def __init__(
        self,
        source: str,
        target: str,
        *,
        model: str,
        source_code: str | None = None,
        target_code: str | None = None,
        beams: int = 4,
        max_ratio: float = 2.5,
        unit: str = "sentence",
        max_input_tokens: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        batch_tokens: int | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.source, self.target = check_tag(source, "source"), check_tag(target, "target")
        if dtype not in DTYPES:
            raise PluginError(f"translator 'seq2seq': dtype is {', '.join(DTYPES)}, got {dtype!r:.60}")
        self.unit = checked_unit("seq2seq", unit)
        limits = checked_limits("seq2seq", beams, max_ratio, max_input_tokens, batch_tokens)
        self._name, self._folder = find_model(str(model))
        self._device, self._dtype = device, dtype
        self._tokenizer = load_tokenizer(self._folder, self._name)
        config = load_config(self._folder, self._name)
        self._direction = direction(self._name, config.model_type, self._tokenizer, source, target, source_code, target_code)
        positions = positions_of(config)
        self._limits = limits._replace(longest=longest_input(limits.longest, self._tokenizer, positions), positions=positions)
        digest = encoders.folder_digest(self._folder, cache or Cache(), FILES)[:12]
        self.signature = (
            f"seq2seq|model:{self._name}@{digest}|languages:{source}-{target}|codes:{self._direction.label}|beams:{beams}"
            f"|max-ratio:{limits.ratio:g}|unit:{unit}|input:{self._limits.longest}|{dtype}|v:1"
        )

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order."""
        limits = self._limits
        if limits.batch_tokens is None:
            limits = limits._replace(batch_tokens=_BATCH_TOKENS.get(self._model.device.type, _BATCH_TOKENS_ELSEWHERE))
        return translated(texts, self.unit, limits, self._encode, self._write, self._decode)

    def _encode(self, text: str) -> list[int]:
        return encoded(self._tokenizer, self._direction, text)

    def _decode(self, ids: list[int]) -> str:
        return decoded(self._tokenizer, ids)

    def _write(self, inputs: list[list[int]], limit: int) -> list[Written]:
        from harness_plugins.judges.local_torch import halving

        done: list[Written] = halving(
            lambda some: self._generated([inputs[place] for place in some], limit), [*range(len(inputs))]
        )
        return done

    def _generated(self, inputs: list[list[int]], limit: int) -> list[Written]:
        import torch

        model, pad = self._model, self._tokenizer.pad_token_id
        width = max(map(len, inputs))
        ids = torch.tensor([row + [pad] * (width - len(row)) for row in inputs], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in inputs], device=model.device)
        forced = self._direction.forced
        with torch.inference_mode(), encoders.quiet():
            written = model.generate(
                input_ids=ids,
                attention_mask=mask,
                num_beams=self._limits.beams,
                do_sample=False,
                max_length=None,
                max_new_tokens=limit + OVER,
                **({"forced_bos_token_id": forced} if forced is not None else {}),
            )
        ends = end_tokens(model, self._tokenizer)
        return [_read(row, forced, ends) for row in written[:, 1:].tolist()]  # the first is the decoder's start

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForSeq2SeqLM

        device = self._device if self._device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        with encoders.explained(self._folder, self._name, WHAT), encoders.quiet(), torch.random.fork_rng(devices=[]):
            loaded, facts = AutoModelForSeq2SeqLM.from_pretrained(
                self._folder,
                output_loading_info=True,
                dtype=getattr(torch, self._dtype),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
            )
        lacking = sorted(facts["missing_keys"])
        if lacking:  # transformers would go on with random numbers in their place
            raise PluginError(f"{WHAT} {self._name!r} in {self._folder}: its weights lack {', '.join(lacking[:3])}")
        return loaded.eval().to(device)


def find_model(name: str) -> tuple[str, Path]:
    """The name that signatures show, and the folder: the one of that path, else the hub's."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        encoders.check_folder(folder, name, WHAT)
        return folder.resolve().name, folder
    try:
        return name.partition("@")[0], encoders.from_hub(name, WHAT, FILES)
    except ModuleNotFoundError as error:
        raise missing(error, "seq2seq", PIP_LINE) from error


def load_tokenizer(folder: Path, name: str) -> Any:
    """The tokenizer in the folder."""
    try:
        from transformers import AutoTokenizer
    except ModuleNotFoundError as error:
        raise missing(error, "seq2seq", PIP_LINE) from error
    with encoders.explained(folder, name, WHAT), encoders.quiet():
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_config(folder: Path, name: str) -> Any:
    """The config in the folder."""
    from transformers import AutoConfig

    with encoders.explained(folder, name, WHAT), encoders.quiet():
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def positions_of(config: Any) -> int | None:
    """Tokens that the model has positions for; None where they are relative."""
    positions = getattr(config, "max_position_embeddings", None)
    return positions if isinstance(positions, int) and positions > 0 else None


def longest_input(wanted: int | None, tokenizer: Any, positions: int | None) -> int:
    """Tokens of an input, special ones included: as many as are wanted, but no more than the model reads."""
    told = [tokenizer.model_max_length] if tokenizer.model_max_length < 10**9 else []  # transformers' word for unknown is 10**30
    told += [positions] if positions is not None else []
    return min([*told, wanted]) if wanted is not None else min(told, default=_LONGEST)


def encoded(tokenizer: Any, to: Direction, text: str) -> list[int]:
    """The token ids of a source text. What looks like a special token in it is read as the letters it is made of."""
    if to.family == "marian":
        text = f" {text}" if text.startswith(">>") else text  # `>>…<<` at the beginning would be taken for a language
    ids = tokenizer(text, split_special_tokens=True, truncation=False)["input_ids"]
    marks = {tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id}
    # Some vocabularies hold their own marks as words, by which a `</s>` in a text would end it.
    inner = [tokenizer.unk_token_id if token in marks else token for token in ids[1:-2]]
    return [*to.first, *ids[:1], *inner, *ids[max(1, len(ids) - 2) :]]


def decoded(tokenizer: Any, ids: list[int]) -> str:
    """The text of token ids, without special tokens."""
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a translation."""
    told = model.generation_config.eos_token_id
    listed = told if isinstance(told, list) else [told]
    return frozenset(token for token in [*listed, tokenizer.eos_token_id] if token is not None)


def missing(error: ModuleNotFoundError, name: str, line: str) -> MissingExtra:
    """The line that installs what is missing."""
    return MissingExtra(f"translator {name!r} needs the package {error.name!r}; install it with: {line}")


def _read(row: list[int], forced: int | None, ends: frozenset[int]) -> Written:
    if forced is not None and row[:1] == [forced]:
        row = row[1:]
    end = next((place for place, token in enumerate(row) if token in ends), None)
    return Written(row[:end], end is not None)
