"""A model with video asked for one masked word of a text: the generator through which the probe runs in `harness run`."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness.errors import InputError, PluginError
from harness.records import ChoiceLoglik
from harness_plugins.video.controls import check_kind

_AHEAD = 2000  # examples that are asked together


class VideoMlmGenerator:
    """What a model of the trainer `video-mlm` (its folder `model`) says of the word that `meta.word` of an example names.

    `meta.word` holds `start` and `end`, characters of the example's text; `harness probe words DATA --write FILE` makes such
    examples. `tokens`: the folder of video tokens. `shown`: what stands in the video's place, real, none or blank (shuffled
    needs all examples at once: `harness probe run`); `how`: together or left-to-right, as in the probe. An output's `loglik` has
    one entry, the word's log-probability; its meta `rank`, `correct` and `shown`. Texts whose word is cut off, and examples
    without one, end in "error" with the reason. Raises ValueError for parameters that cannot be, InputError for a model or
    tokens that are not there.
    """

    def __init__(
        self,
        model: str,
        *,
        tokens: str | None = None,
        shown: str = "real",
        how: str = "together",
        device: str = "auto",
        batch_tokens: int = 16384,
    ) -> None:
        from harness_plugins.video.model.files import CONFIG, WEIGHTS, read_config
        from harness_plugins.video.store import VideoTokens

        check_kind(shown, "shown")
        if shown == "shuffled":
            raise ValueError(
                "shown: shuffled shows another clip's video, which `harness probe run` chooses; give real, none or blank"
            )
        if how not in ("together", "left-to-right"):
            raise ValueError(f"how is together or left-to-right, got {how!r}")
        if isinstance(batch_tokens, bool) or not isinstance(batch_tokens, int) or batch_tokens < 1:
            raise ValueError(f"batch_tokens is a whole number of at least 1, got {batch_tokens!r}")
        if shown != "none" and tokens is None:
            raise ValueError("tokens is the folder of video tokens that a builder left; without it only shown=none can be asked")
        self._folder = Path(model).expanduser()
        config = read_config(self._folder)
        self._tokens = None if tokens is None else VideoTokens(tokens)
        if self._tokens is not None:
            from harness_plugins.video.model.config import check_tokens

            check_tokens(config, self._tokens.info, str(tokens))
        self._shown, self._how, self._device, self._batch = shown, how, device, batch_tokens
        sha = hashlib.sha256()
        for path in (*sorted(self._folder.glob("*.safetensors")), self._folder / CONFIG, self._folder / "tokenizer.json"):
            if not path.is_file():
                raise InputError(f"{path} is missing: {self._folder} is not whole; it should hold {WEIGHTS} and {CONFIG}")
            with path.open("rb") as file:
                sha.update(hashlib.file_digest(file, "sha256").digest())
        seen = "none" if self._tokens is None else self._tokens.digest
        self._name = self._folder.parent.parent.name or str(self._folder)
        self.signature = f"video-mlm|model:{sha.hexdigest()[:16]}|tokens:{seen}|shown:{shown}|how:{how}|v:1"

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs in the examples' order, one of each."""
        for start in range(0, len(examples), _AHEAD):
            yield from self._some(examples[start : start + _AHEAD])

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        import torch

        from harness_plugins.video.probe.asking import loaded
        from harness_plugins.video.probe.config import ModelAt

        device = self._device if self._device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        model, tokenizer, _ = loaded(ModelAt(path=str(self._folder), trained="real"), device)
        return model, tokenizer

    def _some(self, examples: Sequence[Example]) -> Iterator[Output]:
        from harness_plugins.video.model.sequences import rows_of
        from harness_plugins.video.probe.asking import text_length
        from harness_plugins.video.probe.conditions import rows_shown
        from harness_plugins.video.probe.measure import measured

        model, tokenizer = self._loaded
        asked = [one for one in examples if isinstance(_word(one), tuple)]
        tokens = None if self._shown == "none" else self._tokens
        told = rows_of(asked, tokenizer, tokens, frames=model.video.frames, length=text_length(self._folder, model))
        rows = rows_shown({row.id: row for row in told.rows}, asked, self._shown, 0)
        occurrences = [_occurrence(one) for one in asked]
        said = measured(
            model,
            rows,
            occurrences,
            tokenizer.mask_token_id,
            unknown=tokenizer.unk_token_id,
            how=self._how,
            batch_tokens=self._batch,
            name=str(self._folder),
        )
        places = {one.id: place for place, one in enumerate(asked)}
        for example in examples:
            place = places.get(example.id)
            why = str(_word(example)) if place is None else _unasked(int(said.tokens[place]))
            common: dict[str, Any] = {"id": f"{example.id}/0", "example_id": example.id, "system": self._name}
            if place is None or why:
                status = "empty" if place is None or said.tokens[place] else "too-long"
                yield Output(**common, finish="error", meta={"status": status, "detail": why})
                continue
            one = occurrences[place]
            count = int(said.tokens[place])
            loglik = ChoiceLoglik(sum=float(said.logprob[place]), tokens=count, characters=one.end - one.start)
            meta = {
                "rank": float(said.rank[place]),
                "correct": float(said.correct[place]),
                "shown": self._shown,
                "word": one.text,
            }
            yield Output(**common, loglik=(loglik,), meta=meta)


def _word(example: Example) -> tuple[int, int] | str:
    """The span of the word that is asked for, or why there is none."""
    from harness_plugins.video.store import aligned_text

    held = example.meta.get("word")
    if not isinstance(held, dict):
        return "meta.word does not say which word is asked for"
    span = held.get("start"), held.get("end")
    start, end = (one if isinstance(one, int) and not isinstance(one, bool) else -1 for one in span)
    if not 0 <= start < end <= len(aligned_text(example)):
        return f"meta.word has no span of the text: {span[0]!r:.20} to {span[1]!r:.20}"
    return start, end


def _unasked(tokens: int) -> str:
    """Why a word of so many tokens was not asked; "" where it was."""
    if tokens < 0:
        return "the model's tokenizer does not know the word"
    return "" if tokens else "the text was cut before the word"


def _occurrence(example: Example) -> Any:
    from harness_plugins.video.probe.words import Occurrence, fold
    from harness_plugins.video.store import aligned_text

    span = _word(example)
    if isinstance(span, str):
        raise PluginError(span)
    text = aligned_text(example)[slice(*span)]
    return Occurrence(example.id, example.cluster, fold(text), text, *span)


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "video-mlm",
            build=VideoMlmGenerator,
            help="a masked language model with video: the log-probability of the word that an example's meta.word names",
            extra="video",
            argument="model",
        )
    ]
