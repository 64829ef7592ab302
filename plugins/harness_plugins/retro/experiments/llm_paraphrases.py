"""A language model as a paraphraser: any OpenAI-compatible service or server, one started for a GGUF file, or a local model."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from harness.chat.messages import CallPlan, Reply, Request
from harness.config import shipped
from harness.errors import InputError, PluginError
from harness_plugins.datasets.natural.languages import wrong_languages
from harness_plugins.datasets.natural.prompts import InstructionPrompt
from harness_plugins.datasets.translators.llm_replies import UNTRANSLATED, read_reply
from harness_plugins.judges.fences import code_for, shown
from harness_plugins.judges.models import choices_of, open_model
from harness_plugins.retro.experiments.passages import Passage

OPEN = ("error", "over-budget", "not-stored")  # a passage of which the model has said nothing yet: it may next time
UNCHANGED, WRONG_LANGUAGE = "unchanged", "wrong-language"
_BATCH = 64  # passages that are asked about at once; replies are kept one by one as they arrive
_STEP = 64  # tokens: limits in steps, so that many requests have the same parameters
WAYS = ("stop", "leave-out")


class Said(NamedTuple):
    """A passage's paraphrase, or None with the reason: `refused`, `cut-off`, `empty`, `chatter`, `length`, `line-breaks`,
    `unchanged`, `wrong-language`, or one of `OPEN`. `reply`: the key of the reply, which is kept whatever it is; `said`: its
    text as it came."""

    text: str | None
    reason: str | None
    reply: str
    said: str | None = None
    detail: str | None = None


class LlmParaphraser:
    """Asks a language model. `model` and the parameters of how it is reached are a judge's (`base_url`, `key_env`, `backend`,
    `concurrency`, `budget`, `round` …).

    `prompt`: FOLDER/NAME for NAME.sv.j2, NAME.en.j2 there; by default those that are shipped. `words`: of a passage at most;
    `max_ratio`: how much longer or shorter than its passage a paraphrase may be. `params`: more of what the API takes;
    `completion_tokens`: the limit goes by the name max_completion_tokens. `unanswered`: `stop` where a passage has no reply yet
    (no money left, an error), or `leave-out`. Replies are kept: nothing is asked twice.
    """

    def __init__(
        self,
        *,
        model: Any = None,
        prompt: str | None = None,
        words: int = 80,
        temperature: float | None = 0.0,
        max_ratio: float = 2.5,
        params: Mapping[str, Any] | None = None,
        completion_tokens: bool = False,
        unanswered: str = "stop",
        purpose: str = "paraphrase",
        **reached: Any,
    ) -> None:
        if isinstance(words, bool) or not isinstance(words, int) or words < 5:
            raise PluginError(f"llm: words is a whole number from 5, got {words!r:.60}")
        if isinstance(max_ratio, bool) or not isinstance(max_ratio, int | float) or not 1 <= max_ratio <= 20:
            raise PluginError(f"llm: max_ratio is a number from 1 to 20, got {max_ratio!r:.60}")
        if unanswered not in WAYS:
            raise PluginError(f"llm: unanswered is stop or leave-out, got {unanswered!r:.60}")
        try:
            choice, *others = choices_of({**reached, "model": model} if not isinstance(model, list | Mapping) else model, {})
        except (TypeError, ValueError) as error:
            raise PluginError(f"llm: {error}") from error
        if others:
            raise PluginError("llm: model is one model, got a list")
        self._model = open_model(choice, purpose)
        self._prompt = InstructionPrompt(prompt if prompt is not None else str(shipped("configs") / "retro" / "paraphrase"))
        self.words, self._ratio, self._unanswered = words, float(max_ratio), unanswered
        self._params = dict(params or {}) | ({} if temperature is None else {"temperature": temperature})
        self._limit = "max_completion_tokens" if completion_tokens else "max_tokens"

    def say(self, every: Sequence[Passage], report: Callable[..., None] | None = None) -> list[Said]:
        """What the model says of each passage. Raises ConnectionProblem where it cannot be reached at all, and InputError where
        passages have no reply and are not to be left out; what was said by then is kept."""
        found: list[Said] = []
        for start in range(0, len(every), _BATCH):
            part = every[start : start + _BATCH]
            replies = self._model.ask([self._request(one.text, one.language) for one in part])
            found += [self._read(reply, one.text) for one, reply in zip(part, replies, strict=True)]
            if report is not None:
                report("paraphrases", len(found), len(every))
        found = _in_their_language(every, found)
        waiting = [one for one in found if one.reason in OPEN]
        if waiting and self._unanswered == "stop":
            raise unanswered_yet(waiting, len(every))
        return found

    def plan(self, every: Sequence[Passage]) -> CallPlan:
        """The calls that paraphrasing would take, and what they cost at most; nobody is asked."""
        return self._model.plan([self._request(one.text, one.language) for one in every])

    def _request(self, text: str, language: str) -> Request:
        line = one_line(text)
        most = self._ratio * len(line.encode("utf-8", "replace")) / 2  # a token is seldom less than two bytes
        limit = _STEP * (2 + int(most) // _STEP)
        messages = self._prompt.messages(line, language, language, words=self.words)
        return Request(messages=messages, params={**self._params, self._limit: limit})

    def _read(self, reply: Reply, text: str) -> Said:
        if reply.status != "ok" or reply.text is None:
            return Said(None, "error" if reply.status == "ok" else reply.status, reply.key, reply.text, reply.detail)
        line = one_line(text)
        read = read_reply(reply.text, line, code_for([shown(line)]), self._ratio)
        if read.text is not None and one_line(read.text).casefold() == line.casefold():  # however short
            return Said(None, UNCHANGED, reply.key, reply.text)
        return Said(read.text, UNCHANGED if read.reason == UNTRANSLATED else read.reason, reply.key, reply.text)


def one_line(text: str) -> str:
    """The text with single blanks alone between its words: what a model is shown of a passage."""
    return " ".join(text.split())


def reasons(said: Sequence[Any]) -> dict[str, int]:
    """How many of what was said are no text, by `reason`, the most frequent first."""
    return dict(Counter(one.reason for one in said if one.reason is not None).most_common())


def _in_their_language(every: Sequence[Passage], found: Sequence[Said]) -> list[Said]:
    checked = list(found)
    for language in dict.fromkeys(one.language for one in every):
        places = [place for place, one in enumerate(found) if one.text is not None and every[place].language == language]
        others = wrong_languages([found[place].text or "" for place in places], language)
        sources = wrong_languages([every[place].text for place in places], language)
        for place, other, source in zip(places, others, sources, strict=True):
            if other is not None and source is None:
                checked[place] = found[place]._replace(text=None, reason=WRONG_LANGUAGE, detail=other)
    return checked


def unanswered_yet(waiting: Sequence[Any], total: int, what: str = "passages") -> InputError:
    """What is raised where some of so many texts have no reply yet; each has a `reason`, and maybe a `detail`."""
    counted = ", ".join(f"{reason} {count:,}" for reason, count in reasons(waiting).items())
    detail = next((f" (for example: {one.detail})" for one in waiting if getattr(one, "detail", None)), "")
    return InputError(
        f"paraphrases: {len(waiting):,} of {total:,} {what} have no reply yet: {counted}{detail}. What was said is kept: raise "
        "`budget` or see to the server, and run the same command again; `unanswered: leave-out` goes on without them"
    )
