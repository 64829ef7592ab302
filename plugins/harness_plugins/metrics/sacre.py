"""chrF and BLEU per answer, as sacrebleu computes them: its `sentence_score`, on its own scale of 0 to 100.

Both sides are brought to NFC first, so that a decomposed å equals a composed one; on text in NFC, as nearly all text is,
every float is sacrebleu's own. `norm=none` leaves texts as they are. chrF: Popović 2015 (chrF3++ is `word_order=2,beta=3`,
Popović 2017); BLEU: Papineni et al. 2002, with the effective order, without which most short answers score 0; the
implementation: Post 2018.
"""

import functools
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import MetricSpec, Result, Unit, hookimpl, named_files
from harness.protocols import Columns
from harness.text.chrf import ChrF
from harness.text.ngrams import clipped, ngrams
from harness.text.streams import Stream
from harness.text.words import token_ids
from harness_plugins.metrics.batches import Batch, Floats, in_chunks, results

NORMALISATIONS = ("nfc", "none")
LARGEST_ORDER = 64  # beyond, and with a beta that squares to more than a float counts, sacrebleu's own loop runs
LARGEST_BETA = 1e6
Flags = NDArray[np.bool_]
Scores = Callable[[Batch, Flags], Floats]


class SacreMetric:
    """A metric of sacrebleu, by its `sentence_score`. A blank answer, or blank references only, score 0, marked `empty`.

    `scores` gives the same floats for a whole batch, of normalised texts; without it sacrebleu scores unit by unit.
    """

    def __init__(self, name: str, scorer: Any, scores: Scores | None, norm: str, pairs: dict[str, str]) -> None:
        from sacrebleu import __version__

        if norm not in NORMALISATIONS:
            raise ValueError(f"unknown norm {norm!r}; allowed are {', '.join(NORMALISATIONS)}")
        self._scores = scores or functools.partial(_one_by_one, scorer)
        self._norm = norm
        everything = pairs | {"norm": norm, "sacrebleu": __version__}
        self.signature = "|".join([name, *(f"{key}:{value}" for key, value in sorted(everything.items())), "v:1"])

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order; no value where the answer has no text or there is no reference."""
        return results(self.score_columns(units), ())

    def score_columns(self, units: Sequence[Unit]) -> Columns:
        """The same as a column. A text that several units near to each other share is counted once for all of them."""
        return in_chunks(units, self._score_chunk)

    def _score_chunk(self, units: Sequence[Unit]) -> Columns:
        batch = Batch.of(units)
        blank = np.array([not text.strip() for text in batch.texts], dtype=bool)
        empty, bare = blank[batch.answers], ~batch.any(~blank[batch.references])
        texts = batch.texts if self._norm == "none" else [unicodedata.normalize("NFC", text) for text in batch.texts]
        values = self._scores(batch._replace(texts=texts), ~empty & ~bare)
        return batch.columns({None: values}, [(empty, "the answer is blank"), (bare, "the reference is blank")])


def _chrf_batch(chrf: ChrF, lowercase: bool, batch: Batch, wanted: Flags) -> Floats:
    texts = [text.lower() for text in batch.texts] if lowercase else batch.texts
    scores = chrf.scores(texts, batch.left, batch.references)
    best = batch.best(scores)
    return scores[best] if len(scores) else np.zeros(len(wanted))


def _bleu_batch(scorer: Any, batch: Batch, wanted: Flags) -> Floats:
    """The counts by compiled loops; sacrebleu cuts the tokens and makes scores of the counts."""
    words = token_ids([_tokens(scorer, text) for text in batch.texts])
    highest, lengths = scorer.max_ngram_order, words.lengths
    grams = ngrams(Stream(words.ids, words.starts), highest)
    correct = clipped(grams, batch.answers, batch.references, batch.starts).tolist()
    total = np.array([grams.totals(order)[batch.answers] for order in range(1, highest + 1)]).T.tolist()
    hypothesis, reference = lengths[batch.answers].tolist(), lengths[batch.references].tolist()
    starts = batch.starts.tolist()
    scores = np.zeros(len(wanted))
    for unit in np.flatnonzero(wanted).tolist():
        own = hypothesis[unit]
        closest = min(reference[starts[unit] : starts[unit + 1]], key=lambda length: (abs(own - length), length))
        scores[unit] = scorer.compute_bleu(
            correct[unit],
            total[unit],
            own,
            closest,
            smooth_method=scorer.smooth_method,
            smooth_value=scorer.smooth_value,
            effective_order=scorer.effective_order,
            max_ngram_order=highest,
        ).score
    return scores


def _tokens(scorer: Any, text: str) -> list[str]:
    tokenized: str = scorer.tokenizer((text.lower() if scorer.lowercase else text).rstrip())
    return tokenized.split()


def _one_by_one(scorer: Any, batch: Batch, wanted: Flags) -> Floats:
    scores = np.zeros(len(wanted))
    for unit in np.flatnonzero(wanted).tolist():
        references = [batch.texts[place] for place in batch.references[batch.starts[unit] : batch.starts[unit + 1]]]
        scores[unit] = scorer.sentence_score(batch.texts[batch.answers[unit]], references).score
    return scores


def build_chrf(
    *,
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2,
    lowercase: bool = False,
    whitespace: bool = False,
    eps_smoothing: bool = False,
    norm: str = "nfc",
) -> SacreMetric:
    """chrF: F-beta over n-grams of characters up to `char_order` and of words up to `word_order`; of several references the best.

    Raises ValueError for an order below 0, for two orders of 0, and for a beta that is not positive.
    """
    from sacrebleu.metrics import CHRF

    _check_whole("char_order", char_order, at_least=0)
    _check_whole("word_order", word_order, at_least=0)
    if char_order + word_order == 0:
        raise ValueError("char_order and word_order are both 0: there is nothing to count")
    if isinstance(beta, bool) or not isinstance(beta, (int, float)) or not 0 < beta < float("inf"):
        raise ValueError(f"beta must be a positive number, got {beta!r}")
    for key, value in (("lowercase", lowercase), ("whitespace", whitespace), ("eps_smoothing", eps_smoothing)):
        _check_flag(key, value)
    scorer = CHRF(char_order, word_order, beta, lowercase, whitespace, eps_smoothing)  # type: ignore[arg-type]  # any number works
    pairs = {
        "beta": str(int(beta) if beta == int(beta) else beta),
        "case": "lower" if lowercase else "mixed",
        "eff": "no" if eps_smoothing else "yes",
        "nc": str(char_order),
        "nw": str(word_order),
        "space": "yes" if whitespace else "no",
    }
    scores = None
    if char_order + word_order <= LARGEST_ORDER and 1 / LARGEST_BETA <= beta <= LARGEST_BETA:
        scores = functools.partial(_chrf_batch, ChrF(char_order, word_order, beta, whitespace, eps_smoothing), lowercase)
    return SacreMetric("chrf", scorer, scores, norm, pairs)


def build_bleu(
    *,
    tokenize: str = "13a",
    smooth_method: str = "exp",
    smooth_value: float | None = None,
    lowercase: bool = False,
    max_ngram_order: int = 4,
    norm: str = "nfc",
) -> SacreMetric:
    """BLEU of one answer with the effective order; of several references the clipped union of n-grams and the closest length.

    Tokenizers that need a package (`ja-mecab`, `ko-mecab`) or fetch a model (`spm`, `flores101`, …) are sacrebleu's own affair.
    Raises ValueError for an unknown tokenizer or smoothing, and for a value that the smoothing does not use.
    """
    from sacrebleu.metrics import BLEU

    if tokenize not in BLEU.TOKENIZERS:
        raise ValueError(f"unknown tokenize {tokenize!r}; allowed are {', '.join(BLEU.TOKENIZERS)}")
    if smooth_method not in BLEU.SMOOTH_DEFAULTS:
        raise ValueError(f"unknown smooth_method {smooth_method!r}; allowed are {', '.join(BLEU.SMOOTH_DEFAULTS)}")
    default = BLEU.SMOOTH_DEFAULTS[smooth_method]
    if smooth_value is not None:
        if default is None:
            raise ValueError(f"smooth_value is for the smooth_method floor or add-k; {smooth_method} takes none")
        if isinstance(smooth_value, bool) or not isinstance(smooth_value, (int, float)) or not 0 < smooth_value < float("inf"):
            raise ValueError(f"smooth_value must be a positive number, got {smooth_value!r}")
    _check_flag("lowercase", lowercase)
    _check_whole("max_ngram_order", max_ngram_order, at_least=1)
    try:
        scorer = BLEU(
            lowercase=lowercase,
            tokenize=tokenize,
            smooth_method=smooth_method,
            smooth_value=smooth_value,
            max_ngram_order=max_ngram_order,
            effective_order=True,
        )
    except RuntimeError as error:  # a tokenizer whose package is missing; sacrebleu says which
        raise ValueError(f"tokenize={tokenize}: {' '.join(str(error).split())}") from error
    value = default if smooth_value is None else smooth_value
    pairs = {
        "case": "lower" if lowercase else "mixed",
        "eff": "yes",
        "order": str(max_ngram_order),
        "smooth": smooth_method if value is None else f"{smooth_method}[{float(value)}]",
        "tok": scorer.tokenizer_signature,
    }
    scores = functools.partial(_bleu_batch, scorer) if max_ngram_order <= LARGEST_ORDER else None
    return SacreMetric("bleu", scorer, scores, norm, pairs)


def _check_whole(key: str, value: int, *, at_least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ValueError(f"{key} must be a whole number of at least {at_least}, got {value!r}")


def _check_flag(key: str, value: bool) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, got {value!r}")


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    """chrF and BLEU."""
    return [
        MetricSpec(
            "chrf",
            build=build_chrf,
            help="character n-grams shared with the reference (F2, 0 to 100)",
            needs=("reference",),
            batch_size=4096,
            reads=named_files,
        ),
        MetricSpec(
            "bleu",
            build=build_bleu,
            help="word n-grams shared with the reference (sentence BLEU, 0 to 100)",
            needs=("reference",),
            batch_size=4096,
            reads=named_files,
        ),
    ]
