"""Calls: what a judge is shown of an example and its outputs, and the requests that ask for it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from harness.chat.messages import Request
from harness.records import Example, Output
from harness_plugins.judges.criteria import Criterion
from harness_plugins.judges.fences import Codes, shown
from harness_plugins.judges.prompts import Kind, OutputMode, Skeleton
from harness_plugins.judges.reading import Asked, read
from harness_plugins.judges.settings import Settings
from harness_plugins.judges.values import letters

Group = tuple[Criterion, ...]
_MAX_TOKENS, _MAX_TOKENS_WITH_REASONS = 128, 1024
_TOPS = (5, 10, 20)  # the first that leaves room beside the verdicts; services tell 20 at most
_CHOICES = ("A", "B", "tie")
_MOST_NAMED = 200  # verdicts that a schema lists one by one


class Mode(NamedTuple):
    """How a reply is asked for: its form, and whether with the probabilities of its tokens."""

    output: OutputMode
    logprobs: bool


class Frame(NamedTuple):
    """What the calls of one kind share in one mode."""

    skeleton: Skeleton
    asked: Asked
    params: dict[str, Any]


class Call(msgspec.Struct, frozen=True, gc=False):
    """One thing to ask: these outputs, in this order, by these criteria. `texts`: as shown, the answers last;
    `given_code`: of the fences of those before them.
    """

    targets: tuple[str, ...]
    group: int
    language: str
    shape: tuple[Any, ...]
    texts: tuple[str, ...]
    code: str
    given_code: str

    @property
    def codes(self) -> tuple[str, str]:
        """Those that a verdict of the judge's own may carry."""
        return self.code, self.given_code

    @property
    def identity(self) -> tuple[Any, ...]:
        """Calls that are equal in this are one and the same question."""
        return (self.group, self.shape, self.texts)


class Caller:
    """Makes the calls of one metric, and the requests of calls."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._frames: dict[tuple[Any, ...], Frame] = {}
        self._last: tuple[Example, tuple[Any, ...], tuple[str, ...], Codes] | None = None
        self._shapes: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # equal ones are one object, so that few are compared
        self._framed_last: tuple[tuple[Any, ...], int, Mode, Frame] | None = None

    def call(self, example: Example, outputs: Sequence[Output], group: int = 0) -> Call:
        """The call that shows these outputs of the example, which all have texts, in this order."""
        if self._last is None or self._last[0] is not example:
            shape, given = self._about(example)
            self._last = (example, shape, given, Codes(given))
        _, shape, given, codes = self._last
        answers = [shown(output.text or "") for output in outputs]
        targets = tuple([output.id for output in outputs])
        whole = (*shape, len(outputs))
        whole = self._shapes.setdefault(whole, whole)
        return Call(targets, group, shape[0], whole, (*given, *answers), *codes.codes_for(answers))

    def requests(self, calls: Iterable[Call], mode: Mode) -> list[Request]:
        """One request a call and sample, those of a call together."""
        done = []
        samples = range(self._settings.samples)
        for call in calls:
            frame = self.frame(call, mode)
            messages = frame.skeleton.filled(call.texts, call.code, call.given_code)
            params, choices = frame.params, frame.asked.choices
            for sample in samples:
                done.append(Request(messages=messages, params=params, sample=sample, choices=choices))
        return done

    def frame(self, call: Call, mode: Mode) -> Frame:
        """What the call shares with others of its kind."""
        last = self._framed_last
        if last is not None and last[0] is call.shape and last[1] == call.group and last[2] is mode:
            return last[3]
        key = (call.group, call.shape, mode)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._framed(call, mode)
        self._framed_last = (call.shape, call.group, mode, frame)
        return frame

    def check(self) -> None:
        """Renders the prompt in every language for a plain call, so that one that cannot be used is told of at once."""
        answers = {"direct": 1, "pair": 2, "rank": 3}[self._settings.form]
        languages = self._settings.prompt.files if self._settings.language == "auto" else [self._settings.language]
        for language in languages:
            for group in range(len(self._settings.groups)):
                shape = (language, ("user",), False, int(self._settings.reference), 0, answers)
                texts = ("",) * (1 + int(self._settings.reference) + answers)
                for output in ("json", "text"):
                    self.frame(Call((), group, language, shape, texts, "", ""), Mode(output, False))  # type: ignore[arg-type]

    def _about(self, example: Example) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        messages = [(message.role, message.text) for message in example.messages if message.text]
        references = example.references if self._settings.reference else ()
        texts = [text for _, text in messages]
        texts += [example.source] if example.source is not None else []
        texts += [*references, *example.choices]
        language = self._settings.language_of(example.language)
        roles = tuple(role for role, _ in messages)
        shape = (language, roles, example.source is not None, len(references), len(example.choices))
        return shape, tuple(map(shown, texts))

    def _framed(self, call: Call, mode: Mode) -> Frame:
        settings = self._settings
        language, roles, source, references, choices, answers = call.shape
        group = settings.groups[call.group]
        names = tuple(each.name for each in group)
        kind = Kind(settings.form, mode.output, names, roles, source, references, choices, answers)
        skeleton = settings.prompt.skeleton(kind, language, group, settings.scale)
        allowed: tuple[str, ...] = ()
        if mode.output == "number":
            allowed = _CHOICES if settings.form == "pair" else tuple(map(str, settings.scale.values))
        asked = Asked(settings.form, names, _labels(group), settings.scale, answers, allowed)
        _check_silent(settings, skeleton, asked, len(call.texts))
        return Frame(skeleton, asked, self._params(mode, names, answers, skeleton.reasons))

    def _params(self, mode: Mode, names: Sequence[str], answers: int, reasons: bool) -> dict[str, Any]:
        settings = self._settings
        default = _MAX_TOKENS_WITH_REASONS if reasons else _MAX_TOKENS + 16 * (len(names) + answers)
        params: dict[str, Any] = {"max_tokens": settings.max_tokens or default}
        if settings.max_completion_tokens is not None:
            params = {"max_completion_tokens": settings.max_completion_tokens}
        if settings.temperature is not None:
            params["temperature"] = settings.temperature
        if mode.logprobs:
            wanted = 2 * (len(settings.scale.values) if settings.form == "direct" else len(_CHOICES)) - 1
            params |= {"logprobs": True, "top_logprobs": next((top for top in _TOPS if top >= wanted), _TOPS[-1])}
        if mode.output == "json":
            schema = _schema(settings, names, answers, reasons)
            params["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "verdict", "strict": True, "schema": schema},
            }
        return params


def _labels(group: Group) -> Mapping[str, str]:
    """Folded names and labels of criteria, in every language, with the criterion."""
    return {word.casefold(): each.name for each in group for word in (*each.label.values(), each.name)}


def _schema(settings: Settings, names: Sequence[str], answers: int, reasons: bool) -> dict[str, Any]:
    """The JSON schema of a reply; the same for all calls of a kind, since services take time over each new one."""
    verdict: dict[str, Any]
    if settings.form == "pair":
        verdict = {"type": "string", "enum": list(_CHOICES)}
    elif settings.form == "rank":
        letter = {"type": "string", "enum": letters(answers)}
        verdict = {"type": "array", "items": letter, "minItems": answers, "maxItems": answers}
    elif len(settings.scale.values) <= _MOST_NAMED:
        verdict = {"type": "integer", "enum": list(settings.scale.values)}
    else:
        verdict = {"type": "integer", "minimum": settings.scale.low, "maximum": settings.scale.high}
    fields: dict[str, Any] = {"code": {"type": "integer"}}
    if reasons:
        fields["reasons"] = {"type": "string"}
    if len(names) == 1:
        fields["verdict"] = verdict
    else:
        fields["verdicts"] = _object({name: verdict for name in names})
    return _object(fields)


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _check_silent(settings: Settings, skeleton: Skeleton, asked: Asked, texts: int) -> None:
    """A judge that merely repeats its prompt must not be read as having given a verdict."""
    codes = ("482937", "739284")
    for _, text in skeleton.filled([""] * texts, *codes):
        if not asked.choices and any(read(text, asked, codes, []).values()):
            raise ValueError(f"the prompt {settings.prompt.name!r} itself holds what would be read as a verdict")
