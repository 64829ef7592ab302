"""Apertium, the rule-based engine: a program of its own (GPL), called as a process and never linked.

Many texts go through one process: apertium's null-flush mode answers each segment before it reads the next. A segment is what
stands between line breaks, so breaks stay where they are; it begins with its number as a superblank (what apertium passes on
untouched), by which a lost or torn segment is noticed. What has a meaning in apertium's stream format is escaped.
"""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence

from harness.errors import PluginError, did_you_mean
from harness_plugins.datasets.translators import pieces
from harness_plugins.datasets.translators.base import Translated
from harness_plugins.datasets.translators.languages import check_tag, names

_PROGRAM = "apertium"
# Signs at the ends of a segment stay outside: apertium 3.8 loses one that ends in `^`, together with the end itself.
_CORE = re.compile(r"([\s\\^$/\[\]{}<>*@#~|&+]*)(.*?)([\s\\^$/\[\]{}<>*@#~|&+]*)\Z", re.DOTALL)
_ESCAPED = re.compile(r"[\\^$/\[\]{}<>]|[*@#]")  # the last three are also apertium's marks of words that it lacks
_ANSWER = re.compile(r"\[(\d+)\](.*)\[\]\Z", re.DOTALL)
_TOKEN = re.compile(r"\\(.)|\[([*@#])\]|([*@#])|([^\\*@#\[]+|.)", re.DOTALL)
_BATCH = 1_000  # texts that `Cached` sends at once: a process takes a third of a second to start
_AT_ONCE = 20_000  # segments of one process
_SECONDS = 60.0  # for a process, and for each of its segments
_EACH = 1.0


class ApertiumTranslator:
    """Translations by `apertium`, found on the PATH; `pair` is a mode such as `dan-swe`, else it follows from the languages.

    `data`: a folder with modes and dictionaries of your own (`apertium -d`). Words that the dictionaries lack stay as they are;
    `unknown` counts them, and `words` all words. Raises PluginError where the program or the pair is not installed.
    """

    unit = "text"
    batch = _BATCH

    def __init__(self, source: str, target: str, *, pair: str | None = None, data: str | None = None) -> None:
        self.source, self.target = check_tag(source, "source"), check_tag(target, "target")
        self._command = [_program(), *(["-d", str(data)] if data is not None else [])]
        self.pair = _pair(_offered(self._command), self.source, self.target, pair)
        self.signature = f"apertium|pair:{self.pair}|languages:{source}-{target}|data:{_version(self.pair, data)}|{_engine()}|v:1"
        self.unknown: Counter[str] = Counter()
        self.words = 0

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """One result a text, in order."""
        cut = [_cut(text) for text in texts]
        wanted = list(dict.fromkeys(piece for parts in cut for piece in parts[1::2]))
        known: dict[str, str | None] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            known.update(zip(some, self._answers(some), strict=True))
        done = []
        for parts in cut:
            made = [part if place % 2 == 0 else known[part] for place, part in enumerate(parts)]
            self.words += sum(len(part.split()) for part in parts[1::2])
            lost = None in made
            done.append(Translated(None, "error") if lost else Translated("".join(part for part in made if part is not None)))
        return done

    def _answers(self, segments: list[str]) -> list[str | None]:
        """A translation a segment; one on which apertium fails alone is None."""
        answers = _parsed(self._run(segments), len(segments))
        lost = [place for place, answer in enumerate(answers) if answer is None]
        done: list[str | None] = []
        for answer in answers:
            text, unknown = _plain(answer) if answer is not None else (None, [])
            self.unknown.update(unknown)
            done.append(text)
        if lost and len(segments) > 1:  # in halves, since what stands behind a segment that breaks is lost with it
            half = (len(lost) + 1) // 2
            for some in (lost[:half], lost[half:]):
                again = self._answers([segments[place] for place in some]) if some else []
                for place, answer in zip(some, again, strict=True):
                    done[place] = answer
        return done

    def _run(self, segments: list[str]) -> str:
        stream = "".join(f"[{number}]{_ESCAPED.sub(_escape, text)}[]\0" for number, text in enumerate(segments))
        command = [*self._command, "-z", "-f", "none", self.pair]
        try:
            ended = subprocess.run(
                command, input=stream.encode(), capture_output=True, timeout=_SECONDS + _EACH * len(segments), env=_environment()
            )
        except subprocess.TimeoutExpired as error:
            raise PluginError(
                f"`{' '.join(command)}` did not answer {len(segments)} lines in {error.timeout:g} seconds"
            ) from error
        if ended.returncode and not ended.stdout:
            raise PluginError(f"`{' '.join(command)}` ended with {ended.returncode}: {_last_line(ended.stderr)}")
        return ended.stdout.decode("utf-8", "replace")


def _escape(match: re.Match[str]) -> str:
    return f"[{match[0]}]" if match[0] in "*@#" else f"\\{match[0]}"


def _cut(text: str) -> list[str]:
    """The text in pieces, those at odd places for apertium."""
    parts = [""]
    for place, piece in enumerate(pieces.lines(text)):
        match = _CORE.match(piece)
        assert match is not None  # it matches everything
        before, core, after = match.groups()
        if place % 2 == 0 or not core:
            parts[-1] += piece
        else:
            parts[-1] += before
            parts += [core, after]
    return parts


def _parsed(stream: str, count: int) -> list[str | None]:
    """The answers in order, None for those that are not there or not whole.

    Where apertium loses the end of a segment, the next one runs into it: an answer counts if the one behind it has the next
    number, or if it is the last.
    """
    found = [_ANSWER.match(answer) for answer in stream.split("\0")]
    numbers = [int(match[1]) if match is not None else None for match in found]
    answers: list[str | None] = [None] * count
    for match, number, following in zip(found, numbers, [*numbers[1:], None], strict=True):
        if (
            match is not None
            and number is not None
            and number < count
            and following == (number + 1 if number + 1 < count else None)
        ):
            answers[number] = match[2]
    return answers


def _plain(answer: str) -> tuple[str, list[str]]:
    """The text without marks and escapes, and the words that were marked as unknown."""
    text, unknown = [], []
    open_mark = False
    for match in _TOKEN.finditer(answer):
        escaped, literal, mark, plain = match.groups()
        if mark:
            open_mark = mark != "#"  # a known word of which no form could be made is no unknown word
            continue
        text.append(escaped or literal or plain)
        word = re.match(r"\w+", plain or "") if open_mark else None
        if word:
            unknown.append(word[0])
        open_mark = False
    return "".join(text), unknown


def _program() -> str:
    found = shutil.which(_PROGRAM)
    if found is None:
        raise PluginError(
            "translator 'apertium' calls the program `apertium`, which is not on the PATH. On Debian and Ubuntu: "
            "apt install apertium apertium-swe-dan (Danish and Swedish; `apt-cache search apertium-` lists other pairs)"
        )
    return found


def _offered(command: Sequence[str]) -> list[str]:
    try:
        ended = subprocess.run([*command, "-l"], capture_output=True, timeout=_SECONDS, env=_environment())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PluginError(f"`{' '.join(command)} -l` does not run: {error}") from error
    listed = sorted(ended.stdout.decode("utf-8", "replace").split())
    return [name for name in listed if name != "*"]


def _pair(offered: Sequence[str], source: str, target: str, pair: str | None) -> str:
    if pair is not None:
        if pair in offered:
            return pair
        raise PluginError(f"apertium has no pair {pair!r} here; {_said(offered)}{did_you_mean(pair, offered) if offered else ''}")
    sources, targets = names(source), names(target)
    for first in sources:
        for second in targets:
            if f"{first}-{second}" in offered:
                return f"{first}-{second}"
    wanted = f"{sources[-1] if len(sources) == 1 else _three(sources)}-{_three(targets)}"
    raise PluginError(f"apertium has no pair for {source} → {target} (such as {wanted}) here; {_said(offered)}")


def _three(known: Sequence[str]) -> str:
    return next((name for name in known if len(name) == 3), known[0])


def _said(offered: Sequence[str]) -> str:
    listed = ", ".join(offered) or "nothing"
    return f"`apertium -l` offers {listed}. Install another (such as apt install apertium-swe-dan), or give `pair`."


def _engine() -> str:
    """The program's version as it says it: `apertium:3.8.3`."""
    try:
        ended = subprocess.run([_program(), "-V"], capture_output=True, timeout=_SECONDS, env=_environment())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PluginError(f"`apertium -V` does not run: {error}") from error
    found = re.search(r"\d[\w.]*", ended.stdout.decode("utf-8", "replace"))
    return f"apertium:{found[0] if found else 'unknown'}"


def _version(pair: str, data: str | None) -> str:
    """Twelve characters of the sha256 over the files that the pair's mode names, by which its dictionaries are told apart."""
    import hashlib
    from pathlib import Path

    beside = Path(_program()).resolve().parent.parent / "share" / "apertium"
    home = Path(data or os.environ.get("APERTIUM_DATADIR") or (beside if beside.is_dir() else "/usr/share/apertium"))
    mode = home / "modes" / f"{pair}.mode"
    sha = hashlib.sha256()
    try:
        said = mode.read_bytes()
    except OSError:
        return "unknown"
    sha.update(said)
    for name in sorted(set(re.findall(r"'([^']+)'", said.decode("utf-8", "replace")))):
        path = Path(name)
        if path.is_file():
            with path.open("rb") as file:
                sha.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return sha.hexdigest()[:12]


def _environment() -> dict[str, str]:
    """Without the user's language: the program's messages are read."""
    return {**os.environ, "LANG": os.environ.get("LANG") or "C.UTF-8"}


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
