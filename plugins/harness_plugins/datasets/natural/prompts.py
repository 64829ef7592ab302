"""Prompts that ask for an instruction, from files in a sandbox: a text only ever stands inside a fence that it cannot close.

A template sees `fence(label, text)`, `text`, `code`, `language` (the name, in the prompt's language, of what to write in),
`words` (the most that an instruction may have) and `variant`, a number that lets a template ask for different forms. A line
`=== system ===`, `=== user ===` or `=== assistant ===` begins a message; without any there is one, the user's.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from harness.config import shipped
from harness.errors import InputError, did_you_mean
from harness_plugins.judges.fences import code_for, shown

Role = Literal["system", "user", "assistant"]
_SUFFIX = ".j2"
_CODE, _TEXT = "\ue000", "\ue001"
_PRIVATE = re.compile("[\ue000\ue001]")
_PART = re.compile(r"^=== (system|user|assistant) ===[ \t]*\n?", re.MULTILINE)
_FENCED = re.compile(f"<([^<>\n]+)-{_CODE}>\n{_TEXT}\n</\\1-{_CODE}>")
_NAMES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "sv": "Swedish",
        "en": "English",
        "da": "Danish",
        "nb": "Norwegian",
        "no": "Norwegian",
        "fi": "Finnish",
        "de": "German",
    },
    "sv": {"sv": "svenska", "en": "engelska", "da": "danska", "nb": "norska", "no": "norska", "fi": "finska", "de": "tyska"},
}


class InstructionPrompt:
    """The files of one prompt, a language each: a shipped one by name, or FOLDER/NAME for NAME.sv.j2, NAME.en.j2 there."""

    def __init__(self, prompt: str = "instruction") -> None:
        self._files = _find(prompt)
        self._templates: dict[str, Any] = {}
        self._sources = {language: _read(path) for language, path in self._files.items()}
        self._skeletons: dict[tuple[str, str, int, int], tuple[tuple[Role, str], ...]] = {}

    @property
    def digest(self) -> str:
        """sha256 over the files, as hex."""
        sha = hashlib.sha256()
        for language, source in sorted(self._sources.items()):
            sha.update(f"{language} {len(source)}\n{source}".encode())
        return sha.hexdigest()

    def messages(self, text: str, reads: str, writes: str, *, words: int, variant: int = 0) -> tuple[tuple[Role, str], ...]:
        """The messages that show `text` (in the language `reads`) and ask for an instruction in the language `writes`.

        The prompt is in the language that is to be written where the text is in it too, else in English. Raises InputError,
        naming the file, for a template that cannot be used.
        """
        language = self._language(writes if _base(reads) == _base(writes) else "en")
        key = (language, writes, words, variant)
        if key not in self._skeletons:
            self._skeletons[key] = self._skeleton(*key)
        seen = shown(text)
        code = code_for([seen])
        return tuple((role, body.replace(_CODE, code).replace(_TEXT, seen)) for role, body in self._skeletons[key])

    def _skeleton(self, language: str, writes: str, words: int, variant: int) -> tuple[tuple[Role, str], ...]:
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        path = self._files[language]
        environment = ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
        )
        try:
            rendered = environment.from_string(self._sources[language]).render(
                text=_TEXT, code=_CODE, fence=_fence, language=_named(writes, language), words=words, variant=variant
            )
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            raise InputError(f"{path}{f', line {line}' if line else ''}: this prompt cannot be used: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise InputError(f"{path}: this prompt cannot be used: {error}") from error
        return _cut(path, rendered.strip())

    def _language(self, tag: str) -> str:
        for language in (tag, _base(tag), "en"):
            if language in self._files:
                return language
        return next(iter(self._files))


def prompt_files(prompt: str) -> list[Path]:
    """The files of the prompt."""
    return list(_find(prompt).values())


def _cut(path: Path, text: str) -> tuple[tuple[Role, str], ...]:
    if text.count(_TEXT) != 1 or len(_FENCED.findall(text)) != 1:
        raise InputError(f'{path}: this prompt is to show the text once, as {{{{ fence("text", text) }}}}')
    parts = _PART.split(text)
    if len(parts) > 1 and parts[0].strip():
        raise InputError(f"{path}: there is text before the first line of the kind === user ===")
    roles, bodies = (["user"], [text]) if len(parts) == 1 else (parts[1::2], parts[2::2])
    if roles[-1] != "user":
        raise InputError(f"{path}: the last message of a prompt is the user's")
    return tuple((cast(Role, role), body.strip()) for role, body in zip(roles, bodies, strict=True))


def _fence(label: str, text: str) -> str:
    if text != _TEXT:
        raise ValueError("fence(label, text): only the text itself can be placed")
    return f"<{label}-{_CODE}>\n{_TEXT}\n</{label}-{_CODE}>"


def _named(tag: str, language: str) -> str:
    """The language's name in the prompt's language; its tag where we know none."""
    return _NAMES.get(_base(language), _NAMES["en"]).get(_base(tag), tag)


def _find(prompt: str) -> dict[str, Path]:
    path = Path(prompt).expanduser()
    folder = shipped("configs") / "natural" if path.parent == Path(".") else path.parent
    files = sorted(folder.glob(f"*.*{_SUFFIX}")) if folder.is_dir() else []
    pieces = {file: file.name.removesuffix(_SUFFIX).rpartition(".") for file in files}
    found = {language: file for file, (stem, _, language) in pieces.items() if stem == path.name}
    if not found:
        names = {stem for stem, _, _ in pieces.values()}
        raise InputError(f"there is no prompt {prompt!r}.{did_you_mean(path.name, names)} Own ones: FOLDER/NAME")
    return found


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: this prompt cannot be read: {error}") from error
    if _PRIVATE.search(text):
        raise InputError(f"{path}: a prompt holds no characters U+E000 and U+E001")
    return text.replace("\r\n", "\n")


def _base(tag: str) -> str:
    return re.split(r"[-_]", tag, maxsplit=1)[0].lower()
