"""Instructions out of NTREX's documents: a stretch of a news text, and the sentence that comes next.

A set whose every sentence has been translated by people, so that a table translates all of it: what a build by a perfect
translator gives, to hold the others against.
"""

from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError
from harness_plugins.datasets.instructions.files import Found

INSTRUCTION = {
    "eng": "Here are two sentences of a news text. Write the sentence that comes next.",
    "dan": "Her er to sætninger fra en nyhedstekst. Skriv den sætning, der kommer bagefter.",
}
_BEFORE = 2


def continuations(path: Path) -> Iterator[Found]:
    """Two sentences of a document and the third, without overlap; `path` is one of the files of NTREX-128."""
    sentences = path.read_text(encoding="utf-8").splitlines()
    documents = (path.parent.parent / "DOCUMENT_IDS.tsv").read_text(encoding="utf-8").splitlines()
    if len(sentences) != len(documents):
        raise InputError(f"{path}: {len(sentences)} sentences, but DOCUMENT_IDS.tsv has {len(documents)} lines")
    tag = path.stem.rsplit(".", 1)[-1]
    if tag not in INSTRUCTION:
        raise InputError(f"{path}: there is an instruction for {', '.join(INSTRUCTION)} only")
    start = 0
    while start < len(sentences):
        document = documents[start].strip()
        length = next((n for n, name in enumerate(documents[start:]) if name.strip() != document), len(documents) - start)
        for place in range(start, start + length - _BEFORE, _BEFORE + 1):
            record = {
                "id": f"{document}-{place - start + 1}",
                "document": document,
                "instruction": INSTRUCTION[tag],
                "input": "\n".join(sentences[place : place + _BEFORE]),
                "output": sentences[place + _BEFORE],
            }
            yield Found(record, path.stem, f"{path}, line {place + 1}")
        start += length
