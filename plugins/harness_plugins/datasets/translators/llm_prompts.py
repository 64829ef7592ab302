"""Prompts that ask for a translation, from files in a sandbox: a text only ever stands inside a fence that it cannot close.

A template sees `source` and `target` (the languages' English names), `source_tag` and `target_tag`, `text`, `code`, and
`fence(label, text)`, the only way to place the text. A line `=== system ===`, `=== user ===` or `=== assistant ===` begins a
message; without any there is one, the user's.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal, cast

from harness.config import shipped
from harness.errors import InputError, did_you_mean
from harness_plugins.datasets.translators.languages import base_of, english
from harness_plugins.judges.fences import code_for, shown

Role = Literal["system", "user", "assistant"]
FOLDER = "translate"
_SUFFIX = ".j2"
_CODE, _TEXT = "\ue000", "\ue001"
_PART = re.compile(r"^=== (system|user|assistant) ===[ \t]*\n?", re.MULTILINE)
_FENCED = re.compile(f"<([^<>\n]+)-{_CODE}>\n{_TEXT}\n</\\1-{_CODE}>")


class TranslationPrompt:
    """The prompt for one direction: a file, or a shipped one by its name, by default `FROM-TO`, else `generic`."""

    def __init__(self, prompt: str | None, source: str, target: str) -> None:
        self.path = _find(prompt, source, target)
        template = _read(self.path)
        self.name = self.path.name.removesuffix(_SUFFIX)
        self.digest = hashlib.sha256(template.encode()).hexdigest()
        self._messages = _rendered(self.path, template, source, target)

    def messages(self, text: str) -> tuple[tuple[tuple[Role, str], ...], str]:
        """The messages that show the text, and the code of their fence."""
        seen = shown(text)
        code = code_for([seen])
        return tuple((role, body.replace(_CODE, code).replace(_TEXT, seen)) for role, body in self._messages), code


def _find(prompt: str | None, source: str, target: str) -> Path:
    folder = shipped("configs") / FOLDER
    if prompt is None:
        names = [f"{source}-{target}", f"{base_of(source)}-{base_of(target)}", "generic"]
        return next(path for path in (folder / f"{name}{_SUFFIX}" for name in names) if path.is_file())
    path = Path(prompt).expanduser()
    for found in (path, folder / f"{prompt}{_SUFFIX}"):
        if found.is_file():
            return found
    known = [found.name.removesuffix(_SUFFIX) for found in folder.glob(f"*{_SUFFIX}")]
    raise InputError(
        f"there is no prompt {prompt!r}.{did_you_mean(path.name, known)} Your own is given as a file, FOLDER/NAME.j2"
    )


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path}: this prompt cannot be read: {error}") from error
    if _CODE in text or _TEXT in text:
        raise InputError(f"{path}: a prompt holds no characters U+E000 and U+E001")
    return text


def _rendered(path: Path, template: str, source: str, target: str) -> tuple[tuple[Role, str], ...]:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    named = {"source": english(source), "target": english(target), "source_tag": source, "target_tag": target}
    try:
        text = environment.from_string(template).render(text=_TEXT, code=_CODE, fence=_fence, **named).strip()
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"{path}{f', line {line}' if line else ''}: this prompt cannot be used: {error}") from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: this prompt cannot be used: {error}") from error
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
