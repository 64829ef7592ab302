"""Language models as translators: any OpenAI-compatible service or server, a server started for a GGUF file, or a local model."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.chat.messages import CallPlan, Reply, Request
from harness.errors import PluginError
from harness_plugins.datasets.translators.base import Translated
from harness_plugins.datasets.translators.languages import check_tag
from harness_plugins.datasets.translators.llm_prompts import TranslationPrompt
from harness_plugins.datasets.translators.llm_replies import read_reply
from harness_plugins.judges.models import choices_of, open_model

_BATCH = 64  # texts that `Cached` sends at once; replies are kept one by one as they arrive
_STEP = 64  # tokens: limits in steps, so that a batch shares its parameters
_HELD = re.compile(r"[^\W\d_]")
_SURROUNDED = re.compile(r"(\s*)(.*?)(\s*)\Z", re.DOTALL)


class LlmTranslator:
    """Asks a language model. `model` and the parameters of how it is reached are a judge's (`base_url`, `key_env`, `backend`,
    `concurrency`, `budget`, `round` …).

    `prompt`: a file, or a shipped one by name; by default `FROM-TO`, else `generic` (see `llm_prompts`). `max_ratio`: how much
    longer or shorter than its source a translation may be. `params`: more of what the API takes (`top_p`, `seed` …);
    `completion_tokens`: the limit goes by the name max_completion_tokens, as some models want it. A reply that was refused, cut
    off, or says more than the translation is none (`llm_replies`). Replies are kept: nothing is asked twice.
    """

    unit = "text"
    batch = _BATCH

    def __init__(
        self,
        source: str,
        target: str,
        *,
        model: Any,
        prompt: str | None = None,
        temperature: float | None = 0.0,
        max_ratio: float = 2.5,
        params: Mapping[str, Any] | None = None,
        completion_tokens: bool = False,
        purpose: str = "translate",
        **reached: Any,
    ) -> None:
        self.source, self.target = check_tag(source, "source"), check_tag(target, "target")
        if isinstance(max_ratio, bool) or not isinstance(max_ratio, (int, float)) or not 1 <= max_ratio <= 20:
            raise PluginError(f"translator 'llm': max_ratio is a number from 1 to 20, got {max_ratio!r:.60}")
        try:
            choice, *others = choices_of({**reached, "model": model} if not isinstance(model, (list, Mapping)) else model, {})
        except (TypeError, ValueError) as error:
            raise PluginError(f"translator 'llm': {error}") from error
        if others:
            raise PluginError("translator 'llm': model is one model, got a list")
        self._model = open_model(choice, purpose)
        self._prompt = TranslationPrompt(prompt, source, target)
        self._ratio = float(max_ratio)
        self._params = dict(params or {}) | ({} if temperature is None else {"temperature": temperature})
        self._limit = "max_completion_tokens" if completion_tokens else "max_tokens"
        said = ",".join(f"{key}={value}" for key, value in sorted(self._params.items()))
        self.signature = (
            f"llm|model:{self._model.name}|languages:{source}-{target}|prompt:{self._prompt.name}@{self._prompt.digest[:12]}"
            f"|params:{said}|max-ratio:{self._ratio:g}|v:1"
        )

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order; raises ConnectionProblem where the model cannot be reached at all."""
        asked = [place for place, text in enumerate(texts) if _HELD.search(text)]
        made = [self._request(texts[place]) for place in asked]
        replies = self._model.ask([request for request, _ in made])
        done = [Translated(text) for text in texts]  # without a letter there is nothing to translate
        for place, (_, code), reply in zip(asked, made, replies, strict=True):
            done[place] = self._read(reply, texts[place], code)
        return done

    def plan(self, texts: Sequence[str]) -> Sequence[CallPlan]:
        """The calls that translating would take, and what they cost at most; nobody is asked."""
        return [self._model.plan([self._request(text)[0] for text in texts if _HELD.search(text)])]

    def _request(self, text: str) -> tuple[Request, str]:
        messages, code = self._prompt.messages(text.strip())
        most = self._ratio * len(text.encode("utf-8", "replace")) / 2  # a token is seldom less than two bytes
        limit = _STEP * (2 + int(most) // _STEP)
        return Request(messages=messages, params={**self._params, self._limit: limit}), code

    def _read(self, reply: Reply, text: str, code: str) -> Translated:
        if reply.status != "ok" or reply.text is None:
            return Translated(None, "error" if reply.status == "ok" else reply.status)
        match = _SURROUNDED.match(text)
        assert match is not None  # it matches everything
        before, middle, after = match.groups()
        read = read_reply(reply.text, middle, code, self._ratio)
        return read if read.text is None else Translated(f"{before}{read.text}{after}")
