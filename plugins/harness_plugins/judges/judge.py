"""A judge: a language model, asked in the best form that it takes, and what its replies say."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.chat.messages import CallPlan, LanguageModel, Reply
from harness.chat.policy import may_ask
from harness.verdicts import Verdict, VerdictStatus
from harness_plugins.judges.calls import Call, Caller, Mode
from harness_plugins.judges.expectation import LETTERS, expectation
from harness_plugins.judges.reading import Asked, read
from harness_plugins.judges.scoring import explained
from harness_plugins.judges.settings import Settings
from harness_plugins.judges.values import Value

_NOT_OFFERED = re.compile(r"\bHTTP 4(?:00|22)\b")
_KEPT = frozenset({"ok", "refused", "cut-off"})  # replies that a store keeps: what failed is asked again
_PROBES = 3  # calls on which every form may fail before it is not the form's fault
_STATUS: dict[str, VerdictStatus] = {
    "refused": "refused",
    "cut-off": "cut-off",
    "error": "error",
    "over-budget": "error",
    "not-stored": "not-recorded",
}


class Said(NamedTuple):
    """One reply, and how it was asked for."""

    mode: Mode
    reply: Reply


class Judge:
    """Asks one model. `held`: the model can be held to choices, and then says nothing else.

    Of the forms that the settings allow, the first is asked for that the server takes: a server that answers HTTP 400 to one is
    asked in the next, and from then on. What is stored is taken in whichever form it is.
    """

    def __init__(self, model: LanguageModel, settings: Settings, caller: Caller, *, held: bool = False) -> None:
        self.name = model.name
        self._model = model
        self._settings = settings
        self._caller = caller
        self._modes = _held_modes(settings) if held else _modes(settings)
        self._values = _values(settings)
        self._found = 0  # the mode in which replies were last found: the first to look for
        self._settled = len(self._modes) == 1
        self._declined: set[int] = set()  # modes that the server did not take where it took another: they are not tried again

    def say(self, calls: Sequence[Call]) -> list[list[Said]]:
        """What the model says to each call, a reply a sample; what is stored is not asked for again."""
        if len(self._modes) == 1:
            return self._grouped(calls, self._modes[0], self._model.ask(self._caller.requests(calls, self._modes[0])))
        said = self.recall(calls)
        lacking = [place for place, each in enumerate(said) if not _kept(each)]
        if lacking and may_ask():
            for place, each in zip(lacking, self._ask([calls[place] for place in lacking]), strict=True):
                said[place] = each
        return said

    def recall(self, calls: Sequence[Call]) -> list[list[Said]]:
        """What is stored of it; nobody is asked."""
        order = [self._found, *(number for number in range(len(self._modes)) if number != self._found)]
        done: list[list[Said]] = [[]] * len(calls)
        lacking = list(range(len(calls)))
        for number in order:
            mode, asked = self._modes[number], [calls[place] for place in lacking]
            found = self._grouped(asked, mode, self._model.stored(self._caller.requests(asked, mode)))
            whole = list(map(_kept, found))
            for place, each, there in zip(lacking, found, whole, strict=True):
                if there or not done[place]:
                    done[place] = each
            if any(whole):
                self._found, self._settled = number, True
            lacking = [place for place, there in zip(lacking, whole, strict=True) if not there]
            if not lacking:
                break
        return done

    def plan(self, calls: Sequence[Call]) -> CallPlan:
        """What asking these calls would take, in the form in which the first reply is stored, else the first form."""
        for start in range(0, len(calls), 1000):  # any stored reply settles it
            if self._settled:
                break
            self.recall(calls[start : start + 1000])
        return self._model.plan(self._caller.requests(calls, self._modes[self._found]))

    def verdicts(self, metric: str, call: Call, said: Sequence[Said]) -> list[Verdict]:
        """What the replies to the call say, a verdict a sample and criterion."""
        done: list[Verdict] = []
        for sample, one in enumerate(said):
            asked = self._caller.frame(call, one.mode).asked
            values: dict[str, Value | None] = {}
            if one.reply.status == "ok":
                values = read(one.reply.text or "", asked, call.codes, call.texts)
            for name in asked.criteria:
                done.append(self._verdict(metric, call, sample, name, one.reply, values.get(name), asked))
        return done

    def _verdict(
        self, metric: str, call: Call, sample: int, criterion: str, reply: Reply, value: Value | None, asked: Asked
    ) -> Verdict:
        expected, status = None, _STATUS.get(reply.status, "ok")
        if status == "ok" and value is None:
            status = "unparsed"
        if value is not None and reply.tokens and self._values:
            expected = expectation(reply.text or "", reply.tokens, value.span, self._values)
        return Verdict(
            metric=metric,
            targets=call.targets,
            form=asked.form,
            judge=self.name,
            criterion=criterion,
            prompt=f"{self._settings.prompt.name}.{call.language}",
            language=call.language,
            reference=self._settings.reference,
            sample=sample,
            value=None if value is None else value.value,
            ranks=None if value is None else value.ranks,
            expectation=expected,
            status=status,
            key=reply.key,
            finish=reply.finish,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            price=reply.price,
            seconds=reply.seconds,
            reply=reply.text,
            detail=reply.detail if reply.status == "ok" else explained(reply),
        )

    def _ask(self, calls: Sequence[Call]) -> list[list[Said]]:
        """Asks in the form that the server takes, once that is known; a server that stops taking it is asked in the next."""
        if not self._settled:
            self._settle(calls)
        mode = self._modes[self._found]
        said = self._grouped(calls, mode, self._model.ask(self._caller.requests(calls, mode)))
        refused = [place for place, each in enumerate(said) if all(_not_offered(one.reply) for one in each)]
        if len(refused) == len(calls) and self._found + 1 < len(self._modes):
            self._settled = False
            self._settle(calls)
            if self._modes[self._found] != mode:
                mode = self._modes[self._found]
                return self._grouped(calls, mode, self._model.ask(self._caller.requests(calls, mode)))
        return said

    def _settle(self, calls: Sequence[Call]) -> None:
        for call in calls[:_PROBES]:
            declined: set[int] = set()
            for number, mode in enumerate(self._modes):
                if number in self._declined:
                    continue
                reply = self._model.ask(self._caller.requests([call], mode)[:1])[0]
                if not _not_offered(reply):
                    self._found, self._settled = number, reply.status == "ok"
                    if reply.status in _KEPT:
                        self._declined |= declined
                    return
                declined.add(number)
        self._found, self._settled = 0, True

    def _grouped(self, calls: Sequence[Call], mode: Mode, replies: Sequence[Reply]) -> list[list[Said]]:
        samples = self._settings.samples
        if samples == 1:
            return [[Said(mode, reply)] for reply in replies]
        return [[Said(mode, reply) for reply in replies[n * samples : (n + 1) * samples]] for n in range(len(calls))]


def _modes(settings: Settings) -> list[Mode]:
    outputs = {"auto": ("json", "text"), "json": ("json",), "text": ("text",)}[settings.output]
    with_logprobs = {"auto": (True, False), "expectation": (True,), "verdict": (False,)}[settings.read]
    if settings.form != "direct" and settings.read == "auto":
        with_logprobs = (False,)
    return [Mode(output, logprobs) for logprobs in with_logprobs for output in outputs]  # type: ignore[arg-type]


def _held_modes(settings: Settings) -> list[Mode]:
    """A model in this process is held to the verdicts themselves, where those are few enough to be listed."""
    if settings.form == "rank" or any(len(group) > 1 for group in settings.groups) or settings.output == "text":
        return [Mode("text", False)]
    return [Mode("number", True)]


def _values(settings: Settings) -> Mapping[str, float]:
    """How each verdict is written, and its number, of forms that have a mean."""
    if settings.form == "direct":
        return {str(value): float(value) for value in settings.scale.values}
    return LETTERS if settings.form == "pair" else {}


def _kept(said: Sequence[Said]) -> bool:
    """Whether every sample has a reply, of whatever use."""
    return all([one.reply.status in _KEPT for one in said])


def _not_offered(reply: Reply) -> bool:
    """Whether the server said that it does not take such requests."""
    return reply.status == "error" and _NOT_OFFERED.search(reply.detail or "") is not None
