"""What the models of an experiment read: a database, which is also what they learn from, and a corpus that is held out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from harness.chat.messages import CallPlan
from harness.errors import InputError
from harness.whole_files import replace_file
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import Tokenizer, find_tokenizer, trained_tokenizer
from harness_plugins.retro.database.writing import extend, text_digest, text_of
from harness_plugins.retro.experiments.config import Experiment, Text
from harness_plugins.retro.experiments.paraphrases import Counts, paraphrased, paraphrased_passages, planned
from harness_plugins.retro.experiments.passages import Place, aligned_places, spans

_DONE = "material.json"
_PLACES = "places.jsonl"
Documents = list[tuple[str, str, str]]  # id, text, language


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was laid down: numbers of documents and tokens, the `questions` that are asked and those that stand before them
    (`shots`; none: a stranger's), and what became of paraphrases."""

    train_documents: int
    train_tokens: int
    held_documents: int
    held_tokens: int
    vocabulary: int
    questions: tuple[tuple[str, str], ...] = ()
    shots: tuple[tuple[str, str], ...] = ()
    paraphrases: Counts | None = None


@dataclass(frozen=True)
class Material:
    """`train`: the database; `held`: documents that are not in it; `others`: paraphrases of the database's documents, under their
    ids, where the experiment has them, or of passages of them, whose `places` are then known."""

    train: Database
    held: Database
    others: Database | None
    facts: Facts
    places: tuple[Place, ...] = ()


def material_of(experiment: Experiment, folder: Path, report: Callable[..., None] | None = None) -> Material:
    """The experiment's material in the folder, laid down where it is not there yet."""
    if not is_laid(folder):
        _lay(experiment, folder, report)
    facts = msgspec.json.decode((folder / _DONE).read_bytes(), type=Facts)
    others = Database(folder / "paraphrases") if facts.paraphrases is not None else None
    return Material(Database(folder / "train"), Database(folder / "held"), others, facts, _read_places(folder))


def is_laid(folder: Path) -> bool:
    """Whether all of the material lies in the folder."""
    return (folder / _DONE).is_file()


def calls_of(experiment: Experiment) -> list[CallPlan]:
    """What laying the material down asks of language models, and what that costs at most. Nobody is asked."""
    if not isinstance(experiment.paraphrases, Mapping) or not {"llm", "back"} & set(experiment.paraphrases):
        return []
    return planned(_read(experiment.text)[0], experiment.paraphrases)


def _lay(experiment: Experiment, folder: Path, report: Callable[..., None] | None) -> None:
    text = experiment.text
    train, held, questions, planted = _read(text)
    if not train or not held:
        raise InputError(f"{len(train)} documents are to be learnt from and {len(held)} held out: give more text")
    tokenizer = _tokenizer(text, [one[1] for one in train])
    for name, documents in (("train", train), ("held", held)):
        extend(folder / name, documents, tokenizer, chunk=text.chunk)
    counts = None
    how, kept = experiment.paraphrases, folder / "paraphrases.jsonl"
    if isinstance(how, Mapping) and "llm" in how:
        said, places, counts = paraphrased_passages(train, how, tokenizer, kept, report)
        extend(folder / "paraphrases", said, tokenizer, chunk=text.chunk)
        replace_file(folder / _PLACES, msgspec.json.Encoder().encode_lines(places))
        counts = _with_chunks(counts, folder, places)
    elif how is not None:
        said, counts = paraphrased(train, how, planted, kept)
        extend(folder / "paraphrases", said, tokenizer, chunk=text.chunk)
    infos = [Database(folder / name) for name in ("train", "held")]
    asked: list[tuple[str, str]] = questions[: experiment.measure.questions]
    shots: list[tuple[str, str]] = []
    if text.questions is not None and experiment.measure.questions:
        asked, shots = _asked(text, train, tokenizer, experiment.measure.questions)
    facts = Facts(
        train_documents=len(train),
        train_tokens=sum(shard.tokens for shard in infos[0].info.shards),
        held_documents=len(held),
        held_tokens=sum(shard.tokens for shard in infos[1].info.shards),
        vocabulary=tokenizer.info.vocabulary,
        questions=tuple(asked),
        shots=tuple(shots),
        paraphrases=counts,
    )
    replace_file(folder / _DONE, msgspec.json.format(msgspec.json.encode(facts)))


def _read(text: Text) -> tuple[Documents, Documents, list[tuple[str, str]], Mapping[str, str]]:
    return _planted(text) if text.planted is not None else _native(text)


def _asked(text: Text, train: Documents, tokenizer: Tokenizer, most: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The questions that are asked, with short answers about documents of the database, and others that stand before them.
    InputError where there are none."""
    from harness_plugins.retro.experiments.question_files import asked_and_shots

    return asked_and_shots(str(text.questions), {text_digest(one[1]) for one in train}, tokenizer, most, text.seed)


def _with_chunks(counts: Counts, folder: Path, places: Sequence[Place]) -> Counts:
    """The counts, and how many chunks of the usable documents have no paraphrase."""
    corpus = Database(folder / "train")
    _, chunks = spans(corpus)
    have = int((aligned_places(corpus, Database(folder / "paraphrases"), places, 1) >= 0).sum())
    total = int(chunks[[corpus.number_of[id] for id in {one.document for one in places}]].sum())
    return msgspec.structs.replace(counts, chunks=total, without=total - have)


def _read_places(folder: Path) -> tuple[Place, ...]:
    path = folder / _PLACES
    return tuple(msgspec.json.Decoder(Place).decode_lines(path.read_bytes())) if path.is_file() else ()


def _planted(text: Text) -> tuple[Documents, Documents, list[tuple[str, str]], Mapping[str, str]]:
    """Documents to learn from and held out, questions, and a paraphrase of each document to learn from."""
    from harness_plugins.datasets.planted.builder import PlantedNeighboursBuilder

    train: Documents = []
    held: Documents = []
    questions, said = [], {}
    builder = PlantedNeighboursBuilder(**(text.planted or {}))
    for example, other in builder.with_paraphrases():
        row = (example.id, text_of(example), example.language)
        (held if example.split == "validation" else train).append(row)
        if example.split != "validation":
            said[example.id] = other
        questions += [(one, answer) for one, answer in example.meta.get("questions", [])[:1]]
    return train, held, questions, said


def _native(text: Text) -> tuple[Documents, Documents, list[tuple[str, str]], Mapping[str, str]]:
    from harness_plugins.datasets.native_text.reading import documents, text_source

    every = [
        (one.id, one.text, text.language)
        for source in text.sources or ()
        for one in documents(text_source(source))
        if one.text.strip()
    ]
    order = np.random.default_rng(text.seed).permutation(len(every))[: text.limit]
    count = max(1, round(text.held_out * len(order)))
    held = set(order[:count].tolist())
    chosen = sorted(order.tolist())
    return [every[place] for place in chosen if place not in held], [every[place] for place in chosen if place in held], [], {}


def _tokenizer(text: Text, texts: Sequence[str]) -> Tokenizer:
    return find_tokenizer(text.tokenizer) if text.tokenizer is not None else trained_tokenizer(_portions(texts), text.tokens)


def _portions(texts: Sequence[str]) -> Iterator[str]:
    yield from texts
