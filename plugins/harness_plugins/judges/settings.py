"""What a user may choose of a judge, checked: how it is asked, and how what it says becomes a score."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from harness.errors import did_you_mean
from harness_plugins.judges.criteria import Criterion, WholeScale, choose, read_criteria, read_scale
from harness_plugins.judges.prompts import Form, PromptFiles

Read = Literal["auto", "verdict", "expectation"]
Output = Literal["auto", "json", "text"]
Panel = Literal["mean", "median", "majority"]
Task = Literal["direct", "pair", "wins", "rank"]
_CRITERION = {"direct": "correctness", "pair": "overall", "wins": "overall", "rank": "overall"}
_MOST = 1000  # samples or orders of one call: more is a slip, and would be planned for hours
FORMS: Mapping[Task, Form] = {"direct": "direct", "pair": "pair", "wins": "pair", "rank": "rank"}


@dataclass(frozen=True)
class Settings:
    """How judges are asked and read. `criteria` make the score; `groups` are asked about in one call each."""

    task: Task
    reference: bool
    criteria: tuple[Criterion, ...]
    groups: tuple[tuple[Criterion, ...], ...]
    scale: WholeScale
    language: str
    prompt: PromptFiles
    samples: int
    temperature: float | None
    max_tokens: int | None
    max_completion_tokens: int | None
    read: Read
    output: Output
    panel: Panel
    orders: int

    @property
    def form(self) -> Form:
        """What a single call asks for."""
        return FORMS[self.task]

    @property
    def limit(self) -> str:
        """The limit of a reply as a signature says it; empty for the default."""
        if self.max_completion_tokens is not None:
            return f"{self.max_completion_tokens}c"
        return "" if self.max_tokens is None else str(self.max_tokens)

    @cached_property
    def digest(self) -> str:
        """sha256 over the prompt's files and the criteria, as hex."""
        said = [[asdict(criterion) for criterion in group] for group in self.groups]
        text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{self.prompt.digest}\n{text}".encode()).hexdigest()

    def language_of(self, tag: str) -> str:
        """The language of the prompt for an example in the language of this tag."""
        return self.prompt.language(tag if self.language == "auto" else self.language)


def read_settings(
    task: Task,
    reference: bool,
    *,
    criterion: Any,
    criteria: str | None,
    scale: Any,
    together: Any,
    language: str,
    prompt: str | None,
    samples: int,
    temperature: float | str | None,
    max_tokens: int | None,
    max_completion_tokens: int | None,
    read: str,
    output: str,
    panel: str,
    orders: int,
) -> Settings:
    """The settings that these parameters make; ValueError or InputError saying which of them cannot be used, and why."""
    known = read_criteria(criteria)
    names = _names("criterion", _CRITERION[task] if criterion == "auto" else criterion)
    chosen = choose(known, names)
    if task != "direct" and (len(names) > 1 or together or scale is not None):
        raise ValueError("comparisons are made by one criterion, without a scale: leave out together and scale")
    groups = _groups(known, names, together)
    scales = {str(each.scale) for group in groups for each in group}
    if scale is None and len(scales) > 1:
        raise ValueError(f"these criteria have different scales ({', '.join(sorted(scales))}): name one, such as scale=1-5")
    files = PromptFiles(str(prompt) if prompt is not None else FORMS[task])
    if language != "auto" and language not in files.files:
        raise ValueError(f"the prompt {files.name!r} is not there in {language!r}.{did_you_mean(language, files.files)}")
    if task != "direct" and task != "pair" and read == "expectation":
        raise ValueError("read=expectation is for ratings and single comparisons")
    if panel == "majority" and (read == "expectation" or task in ("wins", "rank")):
        raise ValueError("a majority is of verdicts on outputs and pairs: take panel=mean or panel=median, or read=verdict")
    if max_tokens is not None and max_completion_tokens is not None:
        raise ValueError("max_tokens and max_completion_tokens are the same limit for different models: give one")
    if panel == "majority" and read == "auto":
        read = "verdict"  # votes are counted: no two expectations are the same
    samples = _whole("samples", samples, most=_MOST)
    return Settings(
        task=task,
        reference=reference,
        criteria=chosen,
        groups=groups,
        scale=read_scale(scale) if scale is not None else chosen[0].scale,
        language=language,
        prompt=files,
        samples=samples,
        temperature=_temperature(temperature, samples),
        max_tokens=None if max_tokens is None else _whole("max_tokens", max_tokens),
        max_completion_tokens=None if max_completion_tokens is None else _whole("max_completion_tokens", max_completion_tokens),
        read=_one_of("read", read, Read),
        output=_one_of("output", output, Output),
        panel=_one_of("panel", panel, Panel),
        orders=_whole("orders", orders, most=_MOST),
    )


def _names(parameter: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else []
    if not names or not all(isinstance(name, str) and name for name in names) or len({*names}) < len(names):
        raise ValueError(f"{parameter} is a name or a list of different names, got {value!r:.80}")
    return names


def _groups(known: Mapping[str, Criterion], names: Sequence[str], together: Any) -> tuple[tuple[Criterion, ...], ...]:
    """The criteria of each call: one alone, all together, or the list that `together` names, whatever of it is then read."""
    if together is False or together is None:
        return tuple((each,) for each in choose(known, names))
    if together is True:
        return (choose(known, names),)
    listed = _names("together", together)
    if not {*names} <= {*listed}:
        raise ValueError(f"together={listed} lacks the criterion that is to be read: {', '.join(sorted({*names} - {*listed}))}")
    return (choose(known, listed),)


def _temperature(value: float | str | None, samples: int) -> float | None:
    """By default 0 for one sample and 1 for several, which would else be alike; `none` sends no temperature at all."""
    if value == "none":
        return None
    if value is None:
        return 0.0 if samples == 1 else 1.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 2:
        raise ValueError(f"temperature is a number from 0 to 2, or none, got {value!r:.80}")
    return float(value)


def _whole(parameter: str, value: Any, most: int | None = None) -> int:
    if type(value) is not int or value < 1 or (most is not None and value > most):
        to = "" if most is None else f" to {most}"
        raise ValueError(f"{parameter} is a whole number from 1{to}, got {value!r:.80}")
    return value


def _one_of(parameter: str, value: Any, allowed: Any) -> Any:
    known = get_args(allowed)
    if value not in known:
        raise ValueError(f"{parameter} is one of {', '.join(known)}, got {value!r:.80}")
    return value
