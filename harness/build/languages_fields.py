"""The fields of rows held against the languages that they declare."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from harness.build.languages import LanguageModel
from harness.build.options import LanguageOptions
from harness.build.programs import may_hold_programs, without_programs
from harness.build.sift_texts import MEDIA, Batch, Folded


@dataclass
class LanguageTally:
    """Of the fields of one name: looked at, too short to tell, not to be looked at (or in a language that the model does not
    know), in another language than declared, and what they look like; `code`: those that programs were left out of first."""

    looked_at: int = 0
    too_short: int = 0
    not_judged: int = 0
    other: int = 0
    code: int = 0
    looks_like: Counter[str] = field(default_factory=Counter)


class Looked(NamedTuple):
    """What one batch's fields look like: tallies by field name; rows with a field in another language, and what was found."""

    tallies: dict[str, LanguageTally]
    wrong: dict[int, str]


def look_at(batch: Batch, folded: Folded, model: LanguageModel, options: LanguageOptions) -> Looked:
    """Holds every field that is long enough against the language that it declares."""
    words, texts = np.diff(folded.word_starts), list(batch.texts)
    with_code = np.zeros(len(texts), bool)
    for text in may_hold_programs(batch.texts):
        rest = without_programs(texts[text])
        if rest is not None:
            texts[text], words[text], with_code[text] = rest, len(rest.split()), True
    names = list(dict.fromkeys(batch.names))
    places = {name: place for place, name in enumerate(names)}
    fields = np.fromiter(map(places.__getitem__, batch.names), np.int64, len(texts))
    open_to = np.fromiter((tag != "und" for tag in batch.tags), bool, len(texts))
    long_enough = words >= options.words
    chosen = np.flatnonzero(open_to & long_enough & (fields != places.get(MEDIA, -1)))
    tags = [batch.tags[text] for text in chosen.tolist()]
    looks = model.looks([texts[text] for text in chosen.tolist()], tags, options.margin)
    other = looks.judged & (looks.ahead >= options.margin)
    tallies = {}
    for place, name in enumerate(names):
        if name == MEDIA:
            continue
        mine = fields[chosen] == place
        tally = tallies[name] = LanguageTally(
            looked_at=int((looks.judged & mine).sum()),
            too_short=int((open_to & ~long_enough & (fields == place)).sum()),
            not_judged=int((~open_to & (fields == place)).sum() + (~looks.judged & mine).sum()),
            other=int((other & mine).sum()),
            code=int((with_code & open_to & (fields == place)).sum()),
        )
        tally.looks_like.update(tags[text] for text in np.flatnonzero(looks.judged & ~other & mine).tolist())
        tally.looks_like.update(model.languages[place] for place in looks.likely[other & mine].tolist())
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.first))
    wrong: dict[int, str] = {}
    for number in np.flatnonzero(other).tolist():
        text, likely = int(chosen[number]), model.languages[looks.likely[number]]
        detail = f"{batch.names[text]} is to be {tags[number]} and looks like {likely}, by {looks.ahead[number]:.0f} nats"
        wrong.setdefault(int(owner[text]), detail)
    return Looked(tallies, wrong)


def add_up(total: dict[str, LanguageTally], part: dict[str, LanguageTally]) -> None:
    for name, tally in part.items():
        held = total.setdefault(name, LanguageTally())
        held.looked_at += tally.looked_at
        held.too_short += tally.too_short
        held.not_judged += tally.not_judged
        held.other += tally.other
        held.code += tally.code
        held.looks_like += tally.looks_like
