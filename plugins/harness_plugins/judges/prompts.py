"""Prompts from files: each is rendered once for a kind of call with slots where texts will stand, and calls then fill the slots.

So no text of a call ever passes through the template engine, a template can neither examine a text nor place one outside a fence,
and a hundred thousand prompts take as many joins.

A template sees `form` ("direct", "pair" or "rank"), `criteria` (a list with name, label, question, compare and anchors, pairs of
value and text), `low` and `high`, `output` ("text", "json" or "number"), `messages` (each with role and text), `source`,
`references`, `choices`, `answers` with their `letters`, and the first of them as `answer`; `code`, and `fence(label, text)`, the
only way to place a text. A line `=== system ===`, `=== user ===` or `=== assistant ===` begins a message; without any there is
one, the user's. A top-level `{% set reasons = true %}` says that the judge is asked for its reasons first.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from harness.config import shipped
from harness.errors import InputError, did_you_mean
from harness_plugins.judges.criteria import Criterion, WholeScale
from harness_plugins.judges.values import letters

Form = Literal["direct", "pair", "rank"]
OutputMode = Literal["text", "json", "number"]
Role = Literal["system", "user", "assistant"]
_SUFFIX = ".j2"
_CODE, _GIVEN = "\ue002", "\ue003"  # stand for the call's code, and for that of the texts that are given beside the answers
_SLOT = re.compile(f"\ue000(\\d+)\ue001|([{_CODE}{_GIVEN}])")
_FENCE = re.compile(f"<([^<>\n]+-[{_CODE}{_GIVEN}])>\n\ue000\\d+\ue001\n</\\1>")
_PRIVATE = re.compile(f"[\ue000-{_GIVEN}]")
_PART = re.compile(r"^=== (system|user|assistant) ===[ \t]*\n?", re.MULTILINE)
_FENCE_LINE = re.compile(f"</?[^<>\n]+-[{_CODE}{_GIVEN}]>")
_KEYWORD = re.compile(r"verdict|omdöme", re.IGNORECASE)
_LABEL = re.compile(r"[^\W\d_](?:[\w ]*\w)?\Z")


@dataclass(frozen=True)
class Kind:
    """Everything of a call that a template may see, but for its texts; calls of one kind share a skeleton."""

    form: Form
    output: OutputMode
    criteria: tuple[str, ...]
    roles: tuple[str, ...]
    source: bool
    references: int
    choices: int
    answers: int

    @property
    def first_answer(self) -> int:
        """Where the answers begin among the call's texts: messages, source, references, choices, answers."""
        return len(self.roles) + self.source + self.references + self.choices


@dataclass(frozen=True)
class Skeleton:
    """Messages with gaps: for each its role, its pieces, and which text (by number), the code (None) or that of the
    texts before the answers (-1) stands where.
    """

    messages: tuple[tuple[Role, tuple[str, ...], tuple[tuple[int, int | None], ...]], ...]
    reasons: bool

    def filled(self, texts: Sequence[str], code: str, given_code: str) -> tuple[tuple[Role, str], ...]:
        """The messages with these texts, as shown, and these codes."""
        done = []
        texts = (*texts, given_code)
        for role, pieces, gaps in self.messages:
            parts = list(pieces)
            for place, number in gaps:
                parts[place] = code if number is None else texts[number]
            done.append((role, "".join(parts)))
        return tuple(done)


class PromptFiles:
    """The files of one prompt, a language each, with their digest; `name` is what a signature and a verdict call it.

    `prompt` is the name of a shipped one (`direct-2`), a path without its end (`mine/strict` for `mine/strict.sv.j2` and
    `mine/strict.en.j2`), or the path of one file, which then serves every language. InputError where there is none.
    """

    def __init__(self, prompt: str) -> None:
        self.name, self.files = _find(prompt)
        self._environments: dict[str, Any] = {}
        self.sources = {language: _sources(path) for language, path in self.files.items()}

    @property
    def digest(self) -> str:
        """sha256 over every file that may be used, those that they include among them."""
        import hashlib

        sha = hashlib.sha256()
        for language, sources in sorted(self.sources.items()):
            for name, text in sorted(sources.items()):
                data = text.encode()
                sha.update(f"{language} {name} {len(data)}\n".encode() + data)
        return sha.hexdigest()

    def language(self, tag: str) -> str:
        """The language of the file for texts in the language of this tag: its own, else English, else what there is."""
        base = re.split(r"[-_]", tag, maxsplit=1)[0].lower()
        for language in (tag, base, "en"):
            if language in self.files:
                return language
        return next(iter(self.files))

    def skeleton(self, kind: Kind, language: str, criteria: Sequence[Criterion], scale: WholeScale) -> Skeleton:
        """The prompt for calls of this kind. Raises InputError, naming the file, where the template cannot be used for them."""
        import jinja2

        path = self.files[language]
        try:
            template = self._environment(language).get_template(path.name)
            module = template.make_module(_context(kind, language, criteria, scale))
            text = str(module).strip()
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            raise InputError(f"{path}{f', line {line}' if line else ''}: this prompt cannot be used: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise InputError(f"{path}: this prompt cannot be used: {error}") from error
        return Skeleton(_cut(path, text, kind), bool(getattr(module, "reasons", False)))

    def _environment(self, language: str) -> Any:
        if language not in self._environments:
            from jinja2 import DictLoader, StrictUndefined
            from jinja2.sandbox import ImmutableSandboxedEnvironment

            self._environments[language] = ImmutableSandboxedEnvironment(
                loader=DictLoader(self.sources[language]),
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                autoescape=False,
            )
        return self._environments[language]


class Text:
    """Stands for a text of the call while a template is rendered: it can be fenced, and nothing else."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __str__(self) -> str:
        raise ValueError("a text can only be placed in a fence: write {{ fence('answer', answer) }}")

    __format__ = __len__ = __iter__ = __str__  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return True


def _fences(first_answer: int) -> Callable[[str, Any], str]:
    """What a template has as `fence`: texts before the first answer have a code of their own."""

    def fence(label: str, text: Any) -> str:
        if not isinstance(text, Text):
            raise ValueError(f"fence(label, text): text is one of the call's texts, got {text!r:.80}")
        if not _LABEL.match(str(label)):
            raise ValueError(f"fence(label, text): a label is letters, digits and single spaces, got {label!r:.80}")
        name = f"{label}-{_GIVEN if text._number < first_answer else _CODE}"
        return f"<{name}>\n\ue000{text._number}\ue001\n</{name}>"

    return fence


def _context(kind: Kind, language: str, criteria: Sequence[Criterion], scale: WholeScale) -> dict[str, Any]:
    numbers = iter(range(kind.first_answer + kind.answers))

    def some(count: int) -> list[Text]:
        return [Text(next(numbers)) for _ in range(count)]

    messages = [{"role": role, "text": text} for role, text in zip(kind.roles, some(len(kind.roles)), strict=True)]
    source, references, choices, answers = some(int(kind.source)), some(kind.references), some(kind.choices), some(kind.answers)
    return {
        "form": kind.form,
        "output": kind.output,
        "criteria": [{**each.said(language), "anchors": each.anchored(scale, language)} for each in criteria],
        "low": scale.low,
        "high": scale.high,
        "messages": messages,
        "source": source[0] if source else None,
        "references": references,
        "choices": choices,
        "answers": answers,
        "answer": answers[0],
        "letters": letters(kind.answers),
        "code": _CODE,
        "fence": _fences(kind.first_answer),
    }


def _cut(path: Path, text: str, kind: Kind) -> tuple[Any, ...]:
    """The rendered template as messages with gaps, once it is seen to show what is to be judged, and each text once."""
    marks = [match[1] for match in _SLOT.finditer(text) if match[1] is not None]
    if _PRIVATE.search(_SLOT.sub("", text)) or len(_FENCE.findall(text)) < len(marks):
        raise InputError(f"{path}: this prompt takes a fence or the code apart; place them as they are")
    placed = {int(number) for number in marks}
    first, last = kind.first_answer, kind.first_answer + kind.answers
    if not placed >= set(range(first, last)):
        raise InputError(f"{path}: this prompt does not show {'the answer' if kind.answers == 1 else 'all answers'}")
    references = set(range(first - kind.choices - kind.references, first - kind.choices))
    if not placed >= references:
        raise InputError(
            f"{path}: this prompt does not show the reference; write {{{{ fence('reference', reference) }}}} for each"
        )
    parts = _PART.split(text)
    if len(parts) > 1 and parts[0].strip():
        raise InputError(f"{path}: there is text before the first line of the kind === user ===")
    roles, bodies = (["user"], [text]) if len(parts) == 1 else (parts[1::2], parts[2::2])
    if roles[-1] != "user":
        raise InputError(f"{path}: the last message of a prompt is the user's")
    own_words = _FENCE_LINE.sub("", text)
    if kind.output != "number" and not (_CODE in own_words and _KEYWORD.search(own_words)):
        raise InputError(
            f"{path}: nothing in this prompt asks for a verdict in the form that is read; "
            'end it with {% include "form.en.j2" %} (or "form.sv.j2")'
        )
    return tuple((cast(Role, role), *_gaps(body.strip())) for role, body in zip(roles, bodies, strict=True))


def _gaps(text: str) -> tuple[tuple[str, ...], tuple[tuple[int, int | None], ...]]:
    pieces: list[str] = []
    gaps: list[tuple[int, int | None]] = []
    end = 0
    for match in _SLOT.finditer(text):
        pieces += [text[end : match.start()], ""]
        gaps.append((len(pieces) - 1, None if match[2] == _CODE else int(match[1] or -1)))
        end = match.end()
    return (*pieces, text[end:]), tuple(gaps)


def _find(prompt: str) -> tuple[str, dict[str, Path]]:
    path = Path(prompt).expanduser()
    if path.name.endswith(_SUFFIX):
        if not path.is_file():
            raise InputError(f"there is no prompt file {path}")
        stem, _, language = path.name.removesuffix(_SUFFIX).rpartition(".")
        return (stem or language), {(language if stem else "en"): path}
    folder = shipped("configs") / "judge" if path.parent == Path(".") and not _languages(Path("."), path.name) else path.parent
    found = _languages(folder, path.name)
    if not found:
        names = {name.name.split(".")[0] for name in folder.glob(f"*.*{_SUFFIX}")} - {"material", "form"}
        raise InputError(f"there is no prompt {prompt!r}.{did_you_mean(path.name, names)} Own ones: prompt=FOLDER/NAME")
    return path.name, found


def _languages(folder: Path, name: str) -> dict[str, Path]:
    files = sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else []
    pieces = ((file, file.name.removesuffix(_SUFFIX).rpartition(".")) for file in files)
    return {language: file for file, (stem, _, language) in pieces if stem == name}


def _sources(path: Path) -> dict[str, str]:
    """The file and all that it includes, from its own folder or the shipped one, by name."""
    found: dict[str, str] = {}
    _collect(path, (path.name,), found)
    return found


def _collect(path: Path, chain: tuple[str, ...], found: dict[str, str]) -> None:
    """Adds the last file of the chain, in which each includes the next, and all that it includes."""
    from jinja2 import Environment, TemplateError, meta

    *before, name = chain
    if name in before:
        raise InputError(f"{path}: this prompt includes itself ({' → '.join(chain)})")
    if name in found:
        return
    found[name] = _text(path, name)
    try:
        named = list(meta.find_referenced_templates(Environment(autoescape=False).parse(found[name])))
    except (TemplateError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"{path}{f', line {line}' if line else ''}: this prompt cannot be read: {error}") from error
    for other in named:
        if other is None:
            raise InputError(f"{path}: {name} includes a file whose name is computed; write the name")
        _collect(path, (*chain, other), found)


def _text(path: Path, name: str) -> str:
    for folder in (path.parent, shipped("configs") / "judge"):
        file = folder / name
        if Path(name).name == name and file.is_file():
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeError) as error:
                raise InputError(f"{file}: this prompt cannot be read: {error}") from error
            if _PRIVATE.search(text):
                raise InputError(f"{file}: a prompt holds no characters U+E000 to U+E002")
            return text.replace("\r\n", "\n")
    raise InputError(f"{path}: it includes {name!r}, which is neither beside it nor shipped")
