"""Instructions for texts, by a language model: asked for, cleaned, translated into the texts' language, found usable or not."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from harness.chat.messages import CallPlan, LanguageModel, Reply, Request
from harness_plugins.datasets.natural.cleaning import cleaned, flaw
from harness_plugins.datasets.natural.prompts import InstructionPrompt
from harness_plugins.datasets.natural.rows import Candidate, Row
from harness_plugins.datasets.translators.base import Translator

_TOKENS_A_WORD = 4  # room for a language that the model's tokens fit badly
_REASONS: Mapping[str, str] = {"refused": "refused", "cut-off": "cut-off", "error": "no-reply", "over-budget": "over-budget"}
Language = Callable[[Sequence[str], str], list[str | None]]  # texts, the language they are to be in → the other one they are in


@dataclass(frozen=True)
class Manner:
    """How a writer is asked: `writes` is the language it is to write in, `words` the most an instruction may have; `more`: other
    parameters of the API."""

    writes: str
    candidates: int = 1
    words: int = 40
    temperature: float | None = None
    max_tokens: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def params(self) -> dict[str, Any]:
        """What goes along with each request. One candidate is the likeliest text; several have to differ."""
        temperature = self.temperature if self.temperature is not None else (0.0 if self.candidates == 1 else 0.8)
        most = self.max_tokens or _TOKENS_A_WORD * self.words + 32
        return {"temperature": temperature, "max_tokens": most, **self.more}


class Writer:
    """Writes candidates into rows. `into` translates what the model is shown, `back` what it writes; None where it reads texts
    as they are, or writes in their language."""

    def __init__(
        self,
        model: LanguageModel,
        prompt: InstructionPrompt,
        manner: Manner,
        *,
        reads: str,
        into: Translator | None,
        back: Translator | None,
        wrong_language: Language,
    ) -> None:
        self.model, self.prompt, self.manner = model, prompt, manner
        self._reads, self._into, self._back, self._wrong_language = reads, into, back, wrong_language

    def translate(self, rows: Sequence[Row]) -> None:
        """Sets what the model is to see of each row, and marks those that cannot be translated."""
        if self._into is None:
            return
        for row, done in zip(rows, self._into.translate([row.text for row in rows]), strict=True):
            row.seen = done.text
            if done.text is None:
                row.candidates = [Candidate(reason=_why(self._into, done.reason), detail=done.reason)]

    def write(self, rows: Sequence[Row]) -> None:
        """Asks for the candidates of rows that have none, and takes them to the language of the rows' texts."""
        waiting = [row for row in rows if not row.candidates]
        asked = [self.requests(row) for row in waiting]
        replies = iter(self.model.ask([request for some in asked for request in some]))
        for row, some in zip(waiting, asked, strict=True):
            row.candidates = [_candidate(row, sample, next(replies)) for sample in range(len(some))]
        usable = [(row, one) for row in waiting for one in row.candidates if one.text is not None]
        self._translate_back(usable)
        self._check_languages([(row, one) for row, one in usable if one.text is not None])

    def requests(self, row: Row) -> list[Request]:
        """What is asked about a row, a request a candidate, no two the same; the form that is asked for follows from the text, so
        that a set has all of them."""
        text = row.text if row.seen is None else row.seen
        first = hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).digest()[0]
        params = self.manner.params()
        asked = [
            self.prompt.messages(text, self._reads, self.manner.writes, words=self.manner.words, variant=(first + number) % 3)
            for number in range(self.manner.candidates)
        ]
        return [
            Request(messages=messages, params=params, sample=asked[:number].count(messages))
            for number, messages in enumerate(asked)
        ]

    @property
    def translators(self) -> dict[str, str]:
        """The signatures of the translators that there are."""
        named = {"into": self._into, "back": self._back}
        return {name: one.signature for name, one in named.items() if one is not None}

    def plan(self, rows: Sequence[Row]) -> list[CallPlan]:
        """What writing about these rows takes at most; nobody is asked. What is yet to be translated counts as it is."""
        shown = _planned(self._into, [row.text for row in rows])
        written = self.model.plan([request for row in rows for request in self.requests(row)])
        most = [" ".join(row.text.split()[: self.manner.words]) for row in rows for _ in range(self.manner.candidates)]
        taken_back = _planned(self._back, most)
        return [
            *doing("translating texts", shown),
            *doing("writing instructions", [written]),
            *doing("translating instructions", taken_back),
        ]

    def recall(self, rows: Sequence[Row]) -> None:
        """The candidates that are known without asking anybody; of the others, and of those that a translator would still change,
        neither text nor reason."""
        for row in rows:
            replies = self.model.stored(self.requests(row)) if self._into is None else [None] * self.manner.candidates
            row.candidates = [
                Candidate(sample=sample) if reply is None or reply.status == "not-stored" else _candidate(row, sample, reply)
                for sample, reply in enumerate(replies)
            ]
            if self._back is not None:
                for one in row.candidates:
                    one.text = None

    def _translate_back(self, pairs: Sequence[tuple[Row, Candidate]]) -> None:
        if self._back is None:
            return
        for (row, one), done in zip(pairs, self._back.translate([one.text or "" for _, one in pairs]), strict=True):
            one.written, one.text = one.text, None
            if done.text is None:
                one.reason, one.detail = _why(self._back, done.reason), done.reason
                continue
            text = cleaned(done.text)  # an LLM that translates may chat, too
            one.reason = flaw(text, row.text)
            one.text, one.detail = (None, text) if one.reason else (text, None)

    def _check_languages(self, pairs: Sequence[tuple[Row, Candidate]]) -> None:
        by_language: dict[str, list[Candidate]] = {}
        for row, one in pairs:
            by_language.setdefault(row.language, []).append(one)
        for language, some in by_language.items():
            for one, other in zip(some, self._wrong_language([one.text or "" for one in some], language), strict=True):
                if other is not None:
                    one.reason, one.detail, one.text = "wrong-language", f"{other}: {one.text}", None


def doing(what: str, plans: Sequence[CallPlan]) -> list[CallPlan]:
    """The plans, the name of each followed by what is asked of it: one model may do several things."""
    return [structs.replace(one, judge=f"{one.judge} ({what})") for one in plans]


def _why(translator: Translator, reason: str | None) -> str:
    """Why there is no translation: a model that did not answer may do so next time, what an engine cannot translate it cannot."""
    asks = hasattr(getattr(translator, "translator", translator), "plan")
    return "no-reply" if asks and reason in ("error", "over-budget") else "not-translated"


def _planned(translator: Translator | None, texts: Sequence[str]) -> Sequence[CallPlan]:
    planned = getattr(translator, "plan", None)
    return list(planned(texts)) if planned is not None else []


def _candidate(row: Row, sample: int, reply: Reply) -> Candidate:
    if reply.status != "ok":
        return Candidate(sample=sample, reply=reply.key, reason=_REASONS.get(reply.status, "no-reply"), detail=reply.detail)
    text = cleaned(reply.text or "")
    reason = flaw(text, row.text if row.seen is None else row.seen)
    if reason is not None:
        return Candidate(sample=sample, reply=reply.key, reason=reason, detail=text or (reply.text or "")[:200])
    return Candidate(sample=sample, reply=reply.key, text=text)
