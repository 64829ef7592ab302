"""Paraphrases of documents: planted ones, a table of pairs, a language model's, back-translation, or a function of one's own.

Where they come from a table: JSON Lines with `id` (of the document) or `source` (its text), and `paraphrase`. Back-translation:
two translators of the project (`to` the `pivot` language and `from` it), which keep what they translated. A language model
(`llm_paraphrases`) is asked about a document's passages.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.chat.messages import CallPlan
from harness.errors import HarnessError, InputError, PluginError
from harness.whole_files import replace_file
from harness_plugins.retro.by_name import by_name
from harness_plugins.retro.database.tokenizers import Tokenizer
from harness_plugins.retro.experiments.llm_paraphrases import OPEN, WAYS, LlmParaphraser, reasons, unanswered_yet
from harness_plugins.retro.experiments.passages import Place, laid, passages

if TYPE_CHECKING:
    from harness_plugins.datasets.translators.base import Translated, Translator

Documents = Sequence[tuple[str, str, str]]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the documents: `usable` have a paraphrase; `missing` and `empty` have none, and are left out of both
    arms; `identical` ones, which are used, say the same as the document.

    Where passages were paraphrased: how many there are, how many have none by `reasons`, and of the `chunks` of usable documents
    those that are `without`, and read no neighbours in either arm."""

    documents: int
    usable: int
    missing: int
    empty: int
    identical: int
    passages: int = 0
    reasons: dict[str, int] = {}
    chunks: int = 0
    without: int = 0


def paraphrased(
    documents: Documents, how: Any, planted: Mapping[str, str], kept: Path
) -> tuple[list[tuple[str, str, str]], Counts]:
    """A paraphrase under the id of each document that has one, and what became of all. `kept`: where paraphrases that cost
    something are written, so that they are made once. Raises InputError where no document has one."""
    found = _found(documents, how, planted, kept)
    said: list[tuple[str, str, str]] = []
    missing = empty = identical = 0
    for id, text, language in documents:
        other = found.get(id)
        if other is None:
            missing += 1
        elif not other.strip():
            empty += 1
        else:
            identical += other.strip() == text.strip()
            said.append((id, other, language))
    if not said:
        raise InputError(f"none of the {len(documents)} documents has a paraphrase; look at what `paraphrases` names")
    return said, Counts(documents=len(documents), usable=len(said), missing=missing, empty=empty, identical=identical)


def paraphrased_passages(
    documents: Documents, how: Any, tokenizer: Tokenizer, kept: Path, report: Callable[..., None] | None = None
) -> tuple[list[tuple[str, str, str]], list[Place], Counts]:
    """A language model's paraphrases of the documents' passages: documents of them, where their passages stand, and what became
    of all. `kept`: where each passage's paraphrase is written, or why it has none, with what was said. Raises InputError
    where no passage has one, and where some have no reply yet."""
    paraphraser = _llm(how["llm"])
    every = [one for document in documents for one in passages(document, paraphraser.words)]
    said = paraphraser.say(every, report)
    rows = [
        {**msgspec.to_builtins(one), "paraphrase": other.text, "reason": other.reason, "said": other.said, "reply": other.reply}
        for one, other in zip(every, said, strict=True)
    ]
    kept.parent.mkdir(parents=True, exist_ok=True)
    replace_file(kept, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    why = reasons(said)
    laid_down, places = laid(every, [one.text for one in said], tokenizer)
    if not places:
        counted = ", ".join(f"{reason} {count:,}" for reason, count in why.items())
        raise InputError(f"paraphrases: none of the {len(every):,} passages has one ({counted}); look at the replies in {kept}")
    usable = len({one.document for one in places})
    missing = len(documents) - usable
    counts = Counts(
        documents=len(documents), usable=usable, missing=missing, empty=0, identical=0, passages=len(every), reasons=why
    )
    return laid_down, places, counts


def planned(documents: Documents, how: Any) -> list[CallPlan]:
    """What paraphrasing would ask of language models, and what it costs at most; none where none is asked. Nobody is asked.
    The way back of a back-translation counts with the texts themselves, since what comes of the way there is not known."""
    [(kind, value)] = how.items() if isinstance(how, Mapping) else [("planted", None)]
    if kind == "llm":
        paraphraser = _llm(value)
        return [paraphraser.plan([one for document in documents for one in passages(document, paraphraser.words)])]
    if kind != "back":
        return []
    texts = [text for _, text, _ in documents]
    asked = [one for one in _translators(value, documents) if hasattr(one, "plan")]
    return [call for one in asked for call in one.plan(texts)]


def check_paraphrases(how: Any) -> None:
    """Raises PluginError for a function of one's own that cannot be loaded and for parameters that asking a language model does
    not have, InputError for a table that is not there and for back-translation without its parts; nothing is paraphrased."""
    if not isinstance(how, Mapping):
        return
    [(kind, value)] = how.items()
    if kind == "own":
        _own(value)
    elif kind == "back":
        _check_back(value)
    elif kind == "llm":
        _llm(value)
    elif not isinstance(value, str) or not Path(value).expanduser().is_file():
        raise InputError(f"paraphrases: table is a file of JSON Lines, and there is none at {value!r:.200}")


def _found(documents: Documents, how: Any, planted: Mapping[str, str], kept: Path) -> Mapping[str, str]:
    if how == "planted":
        if not planted:
            raise InputError("paraphrases: planted needs a corpus of `planted` text; give a table, or back-translation")
        return planted
    [(kind, value)] = how.items()
    if kind == "table":
        return _table(Path(value).expanduser(), documents)
    make = _back(value, documents) if kind == "back" else _own(value)
    return _made(documents, make, kept)


def _table(path: Path, documents: Documents) -> dict[str, str]:
    by_text = {text.strip(): id for id, text, _ in documents}
    found: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8").split("\n")  # a text may hold what splitlines takes for the end of a line
    except OSError as error:
        raise InputError(f"paraphrases: {path} cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            id = row["id"] if "id" in row else by_text.get(row["source"].strip())
            if id is not None:
                found[id] = str(row["paraphrase"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{path}, line {number}: expected {{"id" or "source": …, "paraphrase": …}} ({error!r:.80})'
            ) from error
    return found


def _back(value: Any, documents: Documents) -> Callable[[Sequence[str]], Sequence[str | None]]:
    there, back = _translators(value, documents)
    stops = value.get("unanswered", "stop") == "stop"

    def translated(by: "Translator", texts: Sequence[str]) -> "list[Translated]":
        found = by.translate(texts)
        waiting = [one for one in found if one.reason in OPEN]
        if waiting and stops:
            raise unanswered_yet(waiting, len(texts), "texts")
        return found

    def make(texts: Sequence[str]) -> list[str | None]:
        away = [one.text for one in translated(there, texts)]
        known = [place for place, text in enumerate(away) if text]
        home = translated(back, [str(away[place]) for place in known])
        found: list[str | None] = [None] * len(texts)
        for place, one in zip(known, home, strict=True):
            found[place] = one.text
        return found

    return make


def _translators(value: Any, documents: Documents) -> "tuple[Translator, Translator]":
    from harness_plugins.datasets.translators.base import translator

    _check_back(value)
    language = documents[0][2]
    return translator(value["to"], language, value["pivot"]), translator(value["from"], value["pivot"], language)


def _llm(value: Any) -> LlmParaphraser:
    if not isinstance(value, Mapping) or not value.get("model"):
        raise PluginError("paraphrases: llm names a `model`, and how it is reached: `{llm: {model: NAME, base_url: URL}}`")
    try:
        return LlmParaphraser(**value)
    except HarnessError as error:
        raise PluginError(f"paraphrases: {error}") from error


def _check_back(value: Any) -> None:
    if not isinstance(value, Mapping) or {*value} - {"unanswered"} != {"pivot", "to", "from"}:
        raise InputError(
            "paraphrases: back names `pivot` (a language), `to` and `from` (translators); also `unanswered` (stop, leave-out)"
        )
    if value.get("unanswered", "stop") not in WAYS:
        raise InputError(f"paraphrases: back: unanswered is stop or leave-out, got {value['unanswered']!r:.60}")


def _own(target: Any) -> Callable[[Sequence[str]], Sequence[str | None]]:
    """A function of texts that gives as many paraphrases, None where it has none."""
    if not isinstance(target, str) or ":" not in target:
        raise PluginError(f"paraphrases: own is `package.module:name` of a function, got {target!r:.80}")
    made: Callable[[Sequence[str]], Sequence[str | None]] = by_name(target, f"paraphrases: {target!r}")
    if not callable(made):
        raise PluginError(f"paraphrases: {target!r} is a {type(made).__name__}, and not a function of texts")
    return made


def _made(documents: Documents, make: Callable[[Sequence[str]], Sequence[str | None]], kept: Path) -> dict[str, str]:
    """What `make` says of the documents, in portions that are kept: one that fails loses none before it."""
    found: dict[str, str | None] = {}
    if kept.is_file():
        found = {row[0]: row[1] for row in map(json.loads, kept.read_text("utf-8").split("\n")[:-1])}
    open_ = [(id, text) for id, text, _ in documents if id not in found]
    for start in range(0, len(open_), 64):
        part = open_[start : start + 64]
        said = make([text for _, text in part])
        if len(said) != len(part):
            raise PluginError(f"paraphrases: {len(part)} texts were given and {len(said)} came back")
        found |= {id: other for (id, _), other in zip(part, said, strict=True)}
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_file(kept, "".join(json.dumps([id, other], ensure_ascii=False) + "\n" for id, other in found.items()).encode())
    return {id: other for id, other in found.items() if other is not None}
