"""Translation models through CTranslate2, which is made for processors and runs converted models, in 8 bits if wanted.

A model is converted once, from a transformers folder:

ct2-transformers-converter --model FOLDER --output_dir CONVERTED

and its tokenizer is read from FOLDER (`tokenizer`), or from copies beside the converted model (`--copy_files`, with the names
of the tokenizer's files). `--quantization int8` makes it smaller. `model.bin` is a format of CTranslate2's own, no pickle:
nothing in it is run.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.cache import Cache
from harness.errors import PluginError
from harness_plugins.datasets.translators.base import Translated
from harness_plugins.datasets.translators.families import direction
from harness_plugins.datasets.translators.languages import check_tag
from harness_plugins.datasets.translators.neural import OVER, Written, checked_limits, checked_unit, translated
from harness_plugins.datasets.translators.seq2seq import decoded, encoded, load_tokenizer, longest_input, missing
from harness_plugins.metrics import encoders

PIP_LINE = "pip install 'metaeval-harness[translate-ctranslate2]'"
_FILES = ("model.bin", "config.json", "*vocabulary.*", "tokenizer.json", "tokenizer_config.json", "vocab.*", "*.spm", "*.model")
_BATCH_TOKENS = 2_048
_TYPES = {"Marian": "marian", "M2M100": "m2m_100", "Nllb": "m2m_100", "T5": "t5"}


class CTranslate2Translator:
    """Translations of a model that `ct2-transformers-converter` wrote into the folder `model`.

    `tokenizer`: the transformers folder it came from, by default `model` itself (converted with `--copy_files`). `compute_type`:
    of the arithmetic, `default` as converted, `float32`, `int8` …; `threads` of a batch. `seq2seq` says what the others are.
    In float32 and greedily it says what `seq2seq` says.
    """

    def __init__(
        self,
        source: str,
        target: str,
        *,
        model: str,
        tokenizer: str | None = None,
        source_code: str | None = None,
        target_code: str | None = None,
        beams: int = 4,
        max_ratio: float = 2.5,
        unit: str = "sentence",
        max_input_tokens: int | None = None,
        device: str = "cpu",
        compute_type: str = "default",
        threads: int = 0,
        batch_tokens: int | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.source, self.target = check_tag(source, "source"), check_tag(target, "target")
        self.unit = checked_unit("ctranslate2", unit)
        limits = checked_limits("ctranslate2", beams, max_ratio, max_input_tokens, batch_tokens or _BATCH_TOKENS)
        self._folder = _found(model)
        self._name = self._folder.resolve().name
        self._options = {"device": device, "compute_type": compute_type, "intra_threads": threads}
        words = Path(tokenizer).expanduser() if tokenizer is not None else self._folder
        if not (words / "tokenizer_config.json").is_file():
            raise PluginError(
                f"translator 'ctranslate2': {words} holds no tokenizer_config.json; name the transformers folder that the model "
                "was converted from (tokenizer), or convert it with --copy_files"
            )
        self._tokenizer = load_tokenizer(words, self._name)
        kind = _kind(self._tokenizer)
        self._direction = direction(self._name, kind, self._tokenizer, source, target, source_code, target_code)
        positions = _positions(words)
        self._limits = limits._replace(longest=longest_input(limits.longest, self._tokenizer, positions), positions=positions)
        kept = cache or Cache()
        digests = [encoders.folder_digest(folder, kept, _FILES)[:12] for folder in dict.fromkeys([self._folder, words])]
        self.signature = (
            f"ctranslate2|model:{self._name}@{'+'.join(digests)}|languages:{source}-{target}|codes:{self._direction.label}"
            f"|beams:{beams}|max-ratio:{limits.ratio:g}|unit:{unit}|input:{self._limits.longest}|{compute_type}|v:1"
        )

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order."""
        return translated(texts, self.unit, self._limits, self._encode, self._write, self._decode)

    def _encode(self, text: str) -> list[int]:
        return encoded(self._tokenizer, self._direction, text)

    def _decode(self, ids: list[int]) -> str:
        return decoded(self._tokenizer, ids)

    def _write(self, inputs: list[list[int]], limit: int) -> list[Written]:
        words, end = self._tokenizer, self._tokenizer.eos_token
        forced = self._direction.forced
        first = [] if forced is None else words.convert_ids_to_tokens([forced])
        results = self._model.translate_batch(
            [words.convert_ids_to_tokens(row) for row in inputs],
            target_prefix=[first] * len(inputs) if first else None,
            beam_size=self._limits.beams,
            max_input_length=0,  # it would cut what is longer without a word
            max_decoding_length=limit + OVER,
            return_end_token=True,
        )
        done = []
        for result in results:
            written = result.hypotheses[0]
            written = written[1:] if first and written[:1] == first else written
            ended = written[-1:] == [end]
            done.append(Written(words.convert_tokens_to_ids(written[:-1] if ended else written), ended))
        return done

    @cached_property
    def _model(self) -> Any:
        try:
            import ctranslate2
        except ModuleNotFoundError as error:
            raise missing(error, "ctranslate2", PIP_LINE) from error
        try:
            return ctranslate2.Translator(str(self._folder), **self._options)
        except (RuntimeError, ValueError) as error:
            raise PluginError(f"translator 'ctranslate2': the model in {self._folder} cannot be loaded: {error}") from error


def _found(model: str) -> Path:
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise PluginError(f"translator 'ctranslate2': there is no folder {folder}")
    if not (folder / "model.bin").is_file():
        raise PluginError(
            f"translator 'ctranslate2': {folder} holds no model.bin; convert a transformers folder once: "
            f"ct2-transformers-converter --model {folder} --output_dir {folder}-ct2"
        )
    return folder


def _positions(folder: Path) -> int | None:
    """What the config of a transformers folder says; a converted folder has another config, which does not tell."""
    try:
        told = json.loads((folder / "config.json").read_bytes()).get("max_position_embeddings")
    except (OSError, ValueError, AttributeError):  # not there, or none of transformers'
        return None
    return told if isinstance(told, int) and told > 0 else None


def _kind(tokenizer: Any) -> str:
    """The model's type, which a converted folder does not tell, by its tokenizer."""
    name = type(tokenizer).__name__
    found = next((kind for begin, kind in _TYPES.items() if name.startswith(begin)), None)
    if found is None:
        raise PluginError(f"translator 'ctranslate2': {name} is the tokenizer of no family that translates here")
    return found
