"""What makes a row unfit whatever it says: each filter is a function over the columns of many rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.build.options import FilterOptions
from harness.build.sift_texts import CLASSES, CONTROL, GARBLED, LETTER, LOST, MEDIA, SYMBOL, VISIBLE, Batch, Folded
from harness.describe.texts import MOJIBAKE
from harness.text.streams import Ints

GRAM = 4  # words, of which repetitions are counted
_FEWEST_GRAMS = 8  # of fewer nothing is said about repetition
_FEWEST_CHARACTERS = 10  # of fewer nothing is said about symbols: 🐟 is an answer
_MARKUP = re.compile(r"<\|[^|<>\s]{1,40}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>")
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class RowFacts:
    """What filters look at, a column each over N rows: characters of the prompt (all fields but the response) and of the
    response, of which `…_visible` are no blanks, and counts over the response or the whole row."""

    has_response: Rows
    is_document: Rows
    prompt: Ints
    prompt_visible: Ints
    response: Ints
    response_visible: Ints
    response_symbols: Ints
    grams: Ints
    distinct_grams: Ints
    control: Ints
    lost: Ints
    garbled: Rows
    markup: Rows
    echo: Rows


Filter = Callable[[RowFacts, FilterOptions], Rows]


def no_response(facts: RowFacts, options: FilterOptions) -> Rows:
    """Nothing to answer with, and no text to read either: neither a document nor text beside video."""
    return ~facts.has_response & ~facts.is_document


def empty_response(facts: RowFacts, options: FilterOptions) -> Rows:
    """The response is blank."""
    return facts.has_response & (facts.response_visible == 0)


def empty_instruction(facts: RowFacts, options: FilterOptions) -> Rows:
    """The instruction (the document) is blank."""
    return facts.prompt_visible == 0


def short_instruction(facts: RowFacts, options: FilterOptions) -> Rows:
    """Fewer characters than `min_instruction`."""
    return (facts.prompt < options.min_instruction) & ~facts.is_document


def long_instruction(facts: RowFacts, options: FilterOptions) -> Rows:
    """More characters than `max_instruction`."""
    return (facts.prompt > options.max_instruction) & ~facts.is_document


def short_response(facts: RowFacts, options: FilterOptions) -> Rows:
    """Fewer characters than `min_response`."""
    return facts.has_response & (facts.response < options.min_response)


def long_response(facts: RowFacts, options: FilterOptions) -> Rows:
    """More characters than `max_response`."""
    return facts.has_response & (facts.response > options.max_response)


def lost_characters(facts: RowFacts, options: FilterOptions) -> Rows:
    """A U+FFFD, which stands where a character could not be read."""
    return facts.lost > 0


def mojibake(facts: RowFacts, options: FilterOptions) -> Rows:
    """UTF-8 that was read as another encoding: `fÃ¶r`."""
    return facts.garbled


def control_characters(facts: RowFacts, options: FilterOptions) -> Rows:
    """Control characters other than tab and line breaks."""
    return facts.control > 0


def chat_markup(facts: RowFacts, options: FilterOptions) -> Rows:
    """Marks of a chat template (`<|im_end|>`, `[INST]`), which a model wrote as text."""
    return facts.markup


def response_is_instruction(facts: RowFacts, options: FilterOptions) -> Rows:
    """Instruction and response are equal, letter for letter."""
    return facts.echo


def repetition(facts: RowFacts, options: FilterOptions) -> Rows:
    """More than the share `repeated` of the response's word 4-grams have been there before."""
    return (facts.grams >= _FEWEST_GRAMS) & (facts.grams - facts.distinct_grams > options.repeated * facts.grams)


def symbols(facts: RowFacts, options: FilterOptions) -> Rows:
    """More than the share `symbols` of the response's characters are neither letters, digits, blanks nor punctuation."""
    return (facts.response >= _FEWEST_CHARACTERS) & (facts.response_symbols > options.symbols * facts.response)


# reason → filter and what of a row is told beside it; the first that holds gives the reason
FILTERS: dict[str, tuple[Filter, str]] = {
    "no-response": (no_response, "there is no reference"),
    "empty-response": (empty_response, "the response is blank"),
    "empty-instruction": (empty_instruction, "the instruction is blank"),
    "control-characters": (control_characters, "{control} control characters"),
    "replacement-characters": (lost_characters, "{lost} times U+FFFD"),
    "mojibake": (mojibake, "UTF-8 that was read as another encoding"),
    "chat-markup": (chat_markup, "marks of a chat template in the text"),
    "response-is-instruction": (response_is_instruction, "instruction and response are equal"),
    "short-instruction": (short_instruction, "{prompt} characters"),
    "long-instruction": (long_instruction, "{prompt} characters"),
    "short-response": (short_response, "{response} characters"),
    "long-response": (long_response, "{response} characters"),
    "repetition": (repetition, "{distinct_grams} different word 4-grams of {grams}"),
    "symbols": (symbols, "{response_symbols} symbols among {response} characters"),
}


def filtered(facts: RowFacts, options: FilterOptions) -> tuple[Ints, list[str]]:
    """For each row the place of its reason in the list of reasons, or -1."""
    reasons = list(FILTERS)
    found = np.full(len(facts.prompt), -1, np.int64)
    for place in reversed(range(len(reasons))):
        found[FILTERS[reasons[place]][0](facts, options)] = place
    return found, reasons


def explained(facts: RowFacts, reason: str, row: int) -> str:
    """What a filter found in a row, for people."""
    columns = ("control", "lost", "prompt", "response", "distinct_grams", "grams", "response_symbols")
    return FILTERS[reason][1].format(**{name: int(getattr(facts, name)[row]) for name in columns})


def row_facts(batch: Batch, folded: Folded) -> RowFacts:
    """The facts of a batch's rows."""
    from harness.build import sift_kernels

    readable = np.array([name != MEDIA for name in batch.names])
    has = batch.answers >= 0
    answers = np.maximum(batch.answers, 0)
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.first))
    is_prompt = readable.copy()
    is_prompt[batch.answers[has]] = False

    def of_prompt(values: Ints) -> Ints:
        return np.bincount(owner[is_prompt], values[is_prompt], minlength=len(batch)).astype(np.int64)

    def of_row(values: Ints) -> Ints:
        return np.bincount(owner, values, minlength=len(batch)).astype(np.int64)

    def of_answer(values: Ints) -> Ints:
        return np.where(has, values[answers], 0)

    def tally(kind: int) -> Ints:
        return folded.tallies[:, CLASSES[kind]]

    grams, gram_starts = np.empty(len(folded.words), np.uint64), np.empty(len(folded.word_starts), np.int64)
    sift_kernels.gram_hashes(folded.words, folded.word_starts, GRAM, grams, gram_starts)
    counts = np.diff(gram_starts)
    size = 1 << int(2 * counts.max(initial=1)).bit_length()
    distinct = np.empty(len(counts), np.int64)
    slots, marks = np.empty(size, np.uint64), np.zeros(size, np.int64)
    sift_kernels.distinct_numbers(grams, gram_starts, slots, marks, 0, distinct)
    letters = tally(LETTER)
    single = has & (np.bincount(owner[is_prompt], minlength=len(batch)) == 1)
    prompts = np.where(single, batch.first[:-1], 0)
    echo = single & (folded.hashes[prompts] == folded.hashes[answers]).all(axis=1) & (letters[answers] > 0)
    return RowFacts(
        has_response=has,
        is_document=np.array([row.kind in ("document", "aligned") for row in batch.examples], bool),
        prompt=of_prompt(folded.lengths),
        prompt_visible=of_prompt(tally(VISIBLE)),
        response=of_answer(folded.lengths),
        response_visible=of_answer(tally(VISIBLE)),
        response_symbols=of_answer(tally(SYMBOL)),
        grams=of_answer(counts),
        distinct_grams=of_answer(distinct),
        control=of_row(tally(CONTROL)),
        lost=of_row(tally(LOST)),
        garbled=_garbled(batch, tally(GARBLED), owner),
        markup=_markup(batch, owner),
        echo=echo,
    )


def _garbled(batch: Batch, suspects: Ints, owner: Ints) -> Rows:
    found = np.zeros(len(batch), bool)
    for text in np.flatnonzero(suspects).tolist():
        if MOJIBAKE.search(batch.texts[text]):
            found[owner[text]] = True
    return found


def _markup(batch: Batch, owner: Ints) -> Rows:
    found = np.zeros(len(batch), bool)
    for text, content in enumerate(batch.texts):
        if ("<" in content or "[" in content) and _MARKUP.search(content):
            found[owner[text]] = True
    return found
