"""What is probed: the words of the norms in the texts of examples, and what of those texts a training may have seen."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import msgspec

from harness.errors import ConfigError, InputError, did_you_mean
from harness.records import Example
from harness_plugins.judgments.table_rows import read_rows
from harness_plugins.video.probe.config import Probing
from harness_plugins.video.probe.frequency import Frequencies, GivenFrequencies, count_words, read_frequencies
from harness_plugins.video.probe.norm_rows import column_of
from harness_plugins.video.probe.norms import PRESETS, Norms, read_norms
from harness_plugins.video.probe.table import WordTable, word_table
from harness_plugins.video.probe.words import Found, Occurrence, find, fold
from harness_plugins.video.store import aligned_text, video_parts

_TRAINED = (None, "train")  # splits that trainings learn from


@dataclass(frozen=True)
class Subject:
    """`examples`: that are probed, by id; `found`: words in them; `leaked`: those whose text and video are in the training data,
    too; `frequencies`: of words in that data, or by a table; `notes`: what a reader should know."""

    examples: Mapping[str, Example]
    norms: Norms
    found: Found
    frequencies: Frequencies | GivenFrequencies | None
    classes: Mapping[str, str]
    leaked: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """Words in texts, in the order of the texts."""
        return self.found.occurrences

    @property
    def table(self) -> WordTable:
        """The columns that statistics take."""
        return word_table(self.occurrences, self.norms, self.frequencies, self.classes)


def subject_of(examples: Sequence[Example], probe: Probing, where: str) -> Subject:
    """What a probe looks at. InputError where no example, or no word of the norms, is left, and where norms
    and texts differ in language; ConfigError for wrong parameters."""
    asked = [
        one
        for one in examples
        if one.kind == "aligned" and (probe.split is None or one.split == probe.split) and spoken(one, probe.language)
    ]
    if not asked:
        splits = ", ".join(sorted({str(one.split) for one in examples})) or "none"
        raise InputError(
            f"{where}: no aligned example"
            + (f" of the split {probe.split!r}" if probe.split is not None else "")
            + (f" in the language {probe.language!r}" if probe.language else "")
            + f"; its {len(examples):,} examples have the splits {splits}"
        )
    twice = len(asked) - len({one.id for one in asked})
    if twice:
        raise InputError(f"{where}: {twice} examples have the id of another one; ids name what was measured")
    norms = norms_of(probe)
    _check_languages(asked, norms, where)
    texts = [(one.id, one.cluster, aligned_text(one)) for one in asked]
    found = find(texts, norms.values, norms.lemmas or None, most=probe.most)
    if not found.occurrences:
        raise InputError(
            f"0 of the {len(norms.values):,} words of {norms.name} stand in the {len(asked):,} texts of {where}; do the table's "
            "language and the way its words are written fit the texts?"
        )
    trained = [one for one in examples if one.split in _TRAINED and spoken(one, probe.language)]
    leaked = _leaked(asked, trained)
    return Subject(
        examples={one.id: one for one in asked},
        norms=norms,
        found=found,
        frequencies=_frequencies(probe, norms, trained, where),
        classes=_classes(probe),
        leaked=leaked,
        notes=tuple(_notes(probe, norms, found, asked, trained, leaked)),
    )


def questions(subject: Subject) -> bytes:
    """An example for each occurrence, as JSON Lines: the text's own with `meta.word` and the word as its one choice, under an id
    of its own."""
    lines = []
    for one in subject.occurrences:
        example = subject.examples[one.example]
        word = {"word": one.word, "start": one.start, "end": one.end, "imageability": subject.norms.values[one.word]}
        meta = {**example.meta, "word": word}
        own = msgspec.structs.replace(example, id=f"{example.id}@{one.start}", choices=(one.text,), meta=meta)
        lines.append(msgspec.json.encode(own) + b"\n")
    return b"".join(lines)


def norms_of(probe: Probing) -> Norms:
    """The norms that a probe asks for. ConfigError for parameters that there are not."""
    params = dict(probe.norms)
    if probe.language is not None and params.get("source", "glasgow") not in PRESETS:
        params.setdefault("language", probe.language)
    _check_known("norms", read_norms, params)
    try:
        return read_norms(**params)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"norms: {error}") from error


def _check_known(key: str, read: Callable[..., object], params: Mapping[str, object]) -> None:
    """ConfigError naming the first parameter that `read` does not take, or whose value is no text where it is a name or path."""
    accepted = signature(read).parameters
    for name, value in params.items():
        if name not in accepted:
            raise ConfigError(f"{key} has no parameter {name!r}.{did_you_mean(name, accepted)}")
        if name != "scale" and not isinstance(value, str | None):
            raise ConfigError(f"{key}: {name} is text, got {value!r:.60}; put it in quotes")
    for name, parameter in accepted.items():
        if parameter.default is parameter.empty and name not in params:
            raise ConfigError(f"{key}: {name} is missing, the file of the table")


def spoken(example: Example, language: str | None) -> bool:
    """Whether an example is in a language, whatever its region."""
    return language is None or example.language == language or example.language.partition("-")[0] == language


def _check_languages(asked: Sequence[Example], norms: Norms, where: str) -> None:
    """InputError where texts are in several languages, or in another one than the words of the norms: words that are spelled
    alike ("barn", "fall") would be held against the wrong values."""
    counts = Counter(_primary(one.language) for one in asked)
    if len(counts) > 1:
        several = ", ".join(f"{count:,} in {language!r}" for language, count in sorted(counts.items()))
        raise InputError(f"{where}: the texts are in several languages ({several}); say which are probed (`language`)")
    (spoken_there,) = counts
    if norms.language is not None and _primary(norms.language) != spoken_there:
        raise InputError(
            f"{where}: the texts are in {spoken_there!r}, and the words of {norms.name} in {_primary(norms.language)!r}; give "
            f"norms of that language (`norms`), or say which texts are probed (`language`)"
        )


def _primary(language: str) -> str:
    """A language without its region."""
    return language.casefold().replace("_", "-").partition("-")[0]


def _frequencies(probe: Probing, norms: Norms, trained: Sequence[Example], where: str) -> Frequencies | GivenFrequencies | None:
    """By the table of the config, else counted in what is learned from, else as the norms say."""
    if probe.frequencies is not None:
        _check_known("frequencies", read_frequencies, probe.frequencies)
        try:
            return read_frequencies(**probe.frequencies)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"frequencies: {error}") from error
    if not trained:
        return None
    phrases = [word for word in norms.values if " " in word]
    return count_words(
        (aligned_text(one) for one in trained), f"the texts of {where} to learn from", phrases, norms.lemmas or None
    )


def _classes(probe: Probing) -> dict[str, str]:
    """Folded word → word class, by the table of the config. InputError where it says two things of a word."""
    if probe.classes is None:
        return {}
    rows = read_rows(Path(probe.classes).expanduser())
    word, word_class = column_of(rows, "word"), column_of(rows, "word_class", "class")
    found: dict[str, str] = {}
    for line, cells in rows.rows:
        key, value = fold(str(cells.get(word) or "")), str(cells.get(word_class) or "").strip()
        if key and value and found.setdefault(key, value) != value:
            raise InputError(f"{rows.place(line)}: {key!r} is {value!r}, and {found[key]!r} before; keep one")
    return found


def _leaked(asked: Sequence[Example], trained: Sequence[Example]) -> tuple[str, ...]:
    known = {_content(one) for one in trained}
    return tuple(one.id for one in asked if _content(one) in known)


def _content(example: Example) -> tuple[bytes, tuple[str, ...]]:
    """Text and videos of an example, whatever spans of them it shows."""
    text = hashlib.sha256(aligned_text(example).encode("utf-8", "surrogatepass")).digest()
    return text, tuple(sorted(part.sha256 or part.uri for part in video_parts(example)))


def _notes(
    probe: Probing, norms: Norms, found: Found, asked: Sequence[Example], trained: Sequence[Example], leaked: Sequence[str]
) -> list[str]:
    notes = [f"{norms.name}: {note}" for note in norms.notes]
    if not trained and probe.frequencies is None:
        notes.append("no text to learn from is in the data, so words have the frequencies of the norms, or none")
    if not trained:
        notes.append("no text to learn from is in the data: whether models have learned from what is probed is not known")
    if leaked:
        notes.append(
            f"{len(leaked)} of {len(asked)} probed examples (text and video) are in the training data, too "
            f"({', '.join(leaked[:3])}{' …' * (len(leaked) > 3)}): what models say of them may be memory"
        )
    repeated = sum(one.repeated for one in found.occurrences)
    if repeated:
        notes.append(
            f"{repeated} of {len(found.occurrences)} occurrences stand in a text that has the word again, which is left as it "
            "is: a model can read it there"
        )
    without = [one.id for one in asked if not video_parts(one)]
    if without:
        notes.append(
            f"{len(without)} of {len(asked)} probed examples have no video ({', '.join(without[:3])}{' …' * (len(without) > 3)})"
        )
    return notes
