"""chrF and BLEU per answer, as sacrebleu computes them: its `sentence_score`, on its own scale of 0 to 100.

Both sides are brought to NFC first, so that a decomposed å equals a composed one; on text in NFC, as nearly all text is,
every float is sacrebleu's own. `norm=none` leaves texts as they are. chrF: Popović 2015 (chrF3++ is `word_order=2,beta=3`,
Popović 2017); BLEU: Papineni et al. 2002, with the effective order, without which most short answers score 0; the
implementation: Post 2018.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from harness import MetricSpec, Result, Unit, hookimpl, named_files

NORMALISATIONS = ("nfc", "none")


class SacreMetric:
    """A metric of sacrebleu, by its `sentence_score`. A blank answer, or blank references only, score 0, marked `empty`."""

    def __init__(self, name: str, scorer: Any, norm: str, pairs: dict[str, str]) -> None:
        from sacrebleu import __version__

        if norm not in NORMALISATIONS:
            raise ValueError(f"unknown norm {norm!r}; allowed are {', '.join(NORMALISATIONS)}")
        self._scorer = scorer
        self._norm = norm
        everything = pairs | {"norm": norm, "sacrebleu": __version__}
        self.signature = "|".join([name, *(f"{key}:{value}" for key, value in sorted(everything.items())), "v:1"])

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order; no value where the answer has no text or there is no reference."""
        return [self._score_one(unit) for unit in units]

    def _score_one(self, unit: Unit) -> Result:
        text, references = unit.output.text, unit.example.references
        if text is None:
            return Result(None, "empty", detail="no text")
        if not references:
            return Result(None, "no-reference", detail="no reference")
        if not text.strip():
            return Result(0.0, "empty", detail="the answer is blank")
        if not any(reference.strip() for reference in references):
            return Result(0.0, "empty", detail="the reference is blank")
        score = self._scorer.sentence_score(self._normalise(text), [self._normalise(reference) for reference in references])
        return Result(float(score.score))

    def _normalise(self, text: str) -> str:
        return text if self._norm == "none" else unicodedata.normalize("NFC", text)


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
    return SacreMetric("chrf", scorer, norm, pairs)


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
    return SacreMetric("bleu", scorer, norm, pairs)


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
            reads=named_files,
        ),
        MetricSpec(
            "bleu",
            build=build_bleu,
            help="word n-grams shared with the reference (sentence BLEU, 0 to 100)",
            needs=("reference",),
            reads=named_files,
        ),
    ]
