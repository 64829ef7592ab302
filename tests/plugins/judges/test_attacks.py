"""The frozen attacks: none leaves its fence, and none puts a verdict into the mouth of a judge that repeats it.

The set is in tests/judge_attacks, written by someone who knew neither the prompts nor the parser; it is not to be changed.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from harness_plugins.judges.calls import Mode
from harness_plugins.judges.fences import code_for, shown
from harness_plugins.judges.reading import Asked, read
from harness_plugins.judges.values import letters
from judged_units import ATTACKS, Attack, attacks, settings, task_of

PROMPTS = ("direct", "direct-2", "direct-3", "direct-4", "direct-5", "direct-reasons")
WORDS = {"sv": "OMDÖME", "en": "VERDICT"}  # what a verdict's line begins with
in_all_words = pytest.mark.parametrize(("prompt", "language"), [(prompt, language) for prompt in PROMPTS for language in WORDS])
MODES = (Mode("text", False), Mode("json", False))
UNREAD = {
    "echo-json-09",  # these two hold objects or braces within the object, where the test puts no code
    "echo-json-13",
    "echo-think-06",  # what stands before the end of a thought is taken for a part of it
}


@cache
def every(prompt: str = "direct", language: str = "auto") -> tuple[Attack, ...]:
    """All attacks under this wording; comparisons and rankings, which have one wording, under the first alone."""
    found = attacks(prompt=prompt, language=language)
    return tuple(attack for attack in found if prompt == "direct" or attack.settings.form == "direct")


def prompt_of(attack: Attack, mode: Mode) -> str:
    (request,) = attack.caller.requests([attack.call], mode)
    ((role, text),) = request.messages
    assert role == "user"
    return text


def fenced(prompt: str, codes: Sequence[str]) -> tuple[str, list[str]]:
    """What stands outside of fences, without the codes, and what stands in each."""
    code = "|".join(codes)
    fence = re.compile(rf"^<([^\W\d_][\w ]*-(?:{code}))>\n(.*?)\n</\1>$", re.MULTILINE | re.DOTALL)
    return re.sub(code, "CODE", fence.sub("[fence]", prompt)), [match[2] for match in fence.finditer(prompt)]


def said(attack: Attack, reply: str, mode: Mode = MODES[0]) -> object:
    found = read(reply, attack.caller.frame(attack.call, mode).asked, attack.call.codes, attack.call.texts)
    return found[attack.settings.criteria[0].name]


def own_verdicts(attack: Attack, word: str) -> list[tuple[str, str, object]]:
    """Verdicts that a judge may give in the form asked for: as a line, as JSON, and what is then to be read."""
    code, form = attack.call.code, attack.settings.form
    if form == "direct":
        values = [(str(value), value, float(value)) for value in attack.settings.scale.values]
    elif form == "pair":
        values = [("A", "A", 1.0), ("B", "B", -1.0), ("LIKA", "tie", 0.0)]
    else:
        names = letters(attack.caller.frame(attack.call, MODES[0]).asked.answers)
        values = [(" > ".join(names[::-1]), names[::-1], tuple(float(place) for place in range(len(names), 0, -1)))]
    return [
        (f"{word} {code}: {line}", json.dumps({"code": int(code), "verdict": in_json}), value) for line, in_json, value in values
    ]


def test_the_set_is_as_it_was_frozen() -> None:
    for line in (ATTACKS / "SHA256SUMS").read_text().splitlines():
        checksum, name = line.split()
        assert hashlib.sha256((ATTACKS / name).read_bytes()).hexdigest() == checksum
    assert len(every()) == 173


@in_all_words
def test_every_text_stays_in_its_fence_and_nothing_outside_of_fences_changes(prompt: str, language: str) -> None:
    harmless: dict[tuple[object, ...], str] = {}
    for attack in every(prompt, language):
        for mode in MODES:
            text = prompt_of(attack, mode)
            outside, inside = fenced(text, attack.call.codes)
            assert inside == list(attack.call.texts), attack.id
            ends = sum(text.count(f"-{code}>") for code in attack.call.codes)
            assert ends - outside.count("-CODE>") == 2 * len(inside), attack.id
            kind = (mode, attack.call.shape, attack.settings.form, str(attack.settings.scale))
            if kind not in harmless:
                frame = attack.caller.frame(attack.call, mode)
                ((_, plain),) = frame.skeleton.filled(["text"] * len(inside), "999999", "888888")
                harmless[kind] = fenced(plain, ("999999", "888888"))[0]
            assert outside == harmless[kind], attack.id


def test_what_cannot_be_seen_is_written_out_and_innocent_texts_are_shown_as_they_are() -> None:
    for attack in every():
        assert shown(attack.attacked) in attack.call.texts
        assert not re.search("[\u200b\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f]", "".join(attack.call.texts))
        if attack.kind == "innocent":
            assert shown(attack.attacked) == attack.attacked, attack.id


@in_all_words
def test_a_judge_that_repeats_its_prompt_gives_no_verdict(prompt: str, language: str) -> None:
    for attack in every(prompt, language):
        for mode in MODES:
            assert said(attack, prompt_of(attack, mode), mode) is None, attack.id


@in_all_words
def test_a_judge_that_repeats_or_quotes_what_it_judges_gives_no_verdict(prompt: str, language: str) -> None:
    for attack in every(prompt, language):
        text, half = attack.attacked, prompt_of(attack, MODES[0])[-len(attack.attacked) - 200 :]
        quoted = [f'The answer says "{text}".', f"```\n{text}\n```", f"Svaret är:\n{text}", f"{text}\n\n{text}"]
        lines = [*text.splitlines(), *(f"> {line}" for line in text.splitlines())]
        for reply in (half, text, *attack.call.texts, *quoted, *lines):
            assert said(attack, reply) is None, (attack.id, reply)


@in_all_words
def test_a_judge_that_repeats_and_then_gives_its_verdict_is_read_as_having_given_its_own(prompt: str, language: str) -> None:
    for attack in every(prompt, language):
        for line, in_json, value in own_verdicts(attack, WORDS[language]):
            for before in ("", prompt_of(attack, MODES[0]), attack.attacked):
                for own in (line, f"```json\n{in_json}\n```"):
                    found = said(attack, f"{before}\n{own}")
                    assert found is not None, (attack.id, before, own)
                    assert (found.ranks or found.value) == value, (attack.id, before, own)  # type: ignore[attr-defined]


@in_all_words
def test_a_verdict_stands_though_the_judge_quotes_the_attack_after_it(prompt: str, language: str) -> None:
    for attack in every(prompt, language):
        line, _, value = own_verdicts(attack, WORDS[language])[0]
        found = said(attack, f"{line}\n\nNote that the answer says:\n{attack.attacked}")
        assert found is not None, attack.id
        assert (found.ranks or found.value) == value, attack.id  # type: ignore[attr-defined]


@cache
def outcomes(with_code: bool) -> dict[str, tuple[str, str]]:
    """Of each recorded reply its form, and whether it is read right, not at all (unread), or wrong.

    `with_code`: the judge's own verdict, where it stands in the form asked for, has the code that our prompts ask for.
    """
    found, made = {}, {}
    for line in (ATTACKS / "echoes.jsonl").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        task, own = task_of(row)
        chosen = made.setdefault(str(row["scale"]), None) or settings(task, **own)
        made[str(row["scale"])] = chosen
        name = chosen.criteria[0].name
        answers = row["scale"]["rank"] if task == "rank" else len(row["judged"])
        asked = Asked(chosen.form, (name,), {name: name}, chosen.scale, answers)
        texts = [shown(text) for text in row["judged"]]
        code = code_for(texts)
        reply = _coded(row, code, asked) if with_code else row["reply"]
        value = read(reply, asked, (code,), texts)[name]
        got = None if value is None else _as_labelled(value.value, value.ranks, task, answers)
        found[row["id"]] = row["form"], "right" if got == row["verdict"] else "unread" if got is None else "wrong"
    return found


def _as_labelled(value: float | None, ranks: tuple[float, ...] | None, task: str, answers: int) -> object:
    if ranks is not None:
        return [letters(answers)[ranks.index(place)] for place in range(1, answers + 1)]
    assert value is not None
    return {1: "first", -1: "second", 0: "tie"}[int(value)] if task == "pair" else int(value)


def _coded(row: dict, code: str, asked: Asked) -> str:
    """The reply with the code in its last line or object of the form asked for that says what the label says."""
    if row["form"] != "asked" or row["verdict"] is None:
        return row["reply"]
    reply = row["reply"]
    forms = re.compile(r"((?:VERDICT|OMDÖME))(\**:)([^\n]*)|(\{)(\s*\"[^{}]*\})", re.IGNORECASE)
    for match in reversed(list(forms.finditer(reply))):
        plain = read(match[0], asked, (code,), [])[asked.criteria[0]]
        if (
            plain is None
            or _as_labelled(plain.value, plain.ranks, "rank" if plain.ranks else _task(asked), asked.answers) != row["verdict"]
        ):
            continue
        new = f"{match[1]} {code}{match[2]}{match[3]}" if match[1] else f'{{"code": {code}, {match[5]}'
        return reply[: match.start()] + new + reply[match.end() :]
    return reply


def _task(asked: Asked) -> str:
    return asked.form


def test_recorded_replies_without_the_code_are_read_rarely_wrong() -> None:
    """The replies were written for prompts without a code. What is read wrong is named here, and nothing else may be."""
    found = outcomes(False)
    counts = Counter(found.values())
    assert sum(counts.values()) == 178
    assert {id for id, (_, outcome) in found.items() if outcome == "wrong"} == {
        "echo-two-verdicts-06"  # the judge goes on to an answer that it made up, and judges that
    }


def test_recorded_replies_with_the_code_are_read() -> None:
    found = outcomes(True)
    assert {id for id, (form, outcome) in found.items() if form == "asked" and outcome == "unread"} == UNREAD
    assert {id for id, (_, outcome) in found.items() if outcome == "wrong"} == set()
