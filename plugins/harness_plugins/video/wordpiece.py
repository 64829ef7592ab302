"""A WordPiece tokenizer that is trained on texts: small models need small vocabularies.

Pieces are joined by how often they stand side by side (Sennrich et al. 2016), of equals the first by their letters, and not in
the order of a hash table: the trainer of the package `tokenizers` gives another vocabulary in each process. Texts are cut into
pieces as BERT does it (Devlin et al. 2019): the longest piece first.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # in the order of their ids
INSIDE = "##"  # before a piece that does not begin a word
LONGEST_WORD = 100  # characters; a longer one is unknown, as in BERT
LEAST = len(SPECIAL) + 1


def trained_tokenizer(texts: Iterable[str], size: int, *, lowercase: bool = True) -> Any:
    """A tokenizer of transformers with at most `size` tokens, special ones included: `[CLS] text [SEP]`, letters as NFC has them
    (with their accents: å is no a), in lower case unless `lowercase` is False.

    The same texts give the same tokenizer, in whichever order they come.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    cleaned: list[Any] = [normalizers.NFC(), normalizers.BertNormalizer(strip_accents=False, lowercase=lowercase)]
    normalizer, words = normalizers.Sequence(cleaned), pre_tokenizers.BertPreTokenizer()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in words.pre_tokenize_str(normalizer.normalize_str(text)))
    vocabulary = {token: number for number, token in enumerate((*SPECIAL, *pieces(counts, size - len(SPECIAL))))}
    pad, unknown, start, end, mask = SPECIAL
    made = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=LONGEST_WORD))
    made.normalizer, made.pre_tokenizer = normalizer, words
    made.decoder = decoders.WordPiece(prefix=INSIDE)
    pair = f"{start} $A {end} $B:1 {end}:1"
    ids = [(token, vocabulary[token]) for token in (start, end)]
    made.post_processor = processors.TemplateProcessing(single=f"{start} $A {end}", pair=pair, special_tokens=ids)
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=pad, unk_token=unknown, cls_token=start, sep_token=end, mask_token=mask
    )


def pieces(counts: Counter[str], size: int) -> list[str]:
    """At most `size` pieces for words that occur so often: their letters (the most frequent, where they are too many), then what
    is joined out of them. Pieces that stand inside a word begin with `##`."""
    words = [(word, count) for word, count in sorted(counts.items()) if 0 < len(word) <= LONGEST_WORD]
    split = [[word[0], *(INSIDE + letter for letter in word[1:])] for word, _ in words]
    often = [count for _, count in words]
    letters: Counter[str] = Counter()
    for parts, count in zip(split, often, strict=True):
        for part in parts:
            letters[part] += count
    found = sorted(letters, key=lambda part: (-letters[part], part))[: max(size, 0)]
    known = dict.fromkeys(found)
    joined: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, parts in enumerate(split):
        for pair in pairwise(parts):
            joined[pair] += often[number]
            where[pair].add(number)
    queue = [(-count, pair) for pair, count in joined.items()]
    heapq.heapify(queue)
    while len(known) < size and queue:
        count, pair = heapq.heappop(queue)
        if -count != joined[pair]:
            if joined[pair] > 0:  # it has become rarer since it was put there
                heapq.heappush(queue, (-joined[pair], pair))
            continue
        if count > -2:  # what occurs once is no pattern
            break
        known.setdefault(_join(pair))
        for changed in _joined(pair, split, often, joined, where):
            heapq.heappush(queue, (-joined[changed], changed))
    return list(known)


def _joined(
    pair: tuple[str, str],
    split: list[list[str]],
    often: list[int],
    joined: Counter[tuple[str, str]],
    where: defaultdict[tuple[str, str], set[int]],
) -> list[tuple[str, str]]:
    """Joins a pair in all words, and counts anew what stands side by side in them; the pairs that have become more frequent."""
    more: set[tuple[str, str]] = set()
    for number in where.pop(pair):
        parts = split[number]
        for old in pairwise(parts):
            joined[old] -= often[number]
        split[number] = parts = _with(parts, pair)
        for new in pairwise(parts):
            joined[new] += often[number]
            where[new].add(number)
            more.add(new)
    return sorted(one for one in more if joined[one] > 0)


def _with(parts: list[str], pair: tuple[str, str]) -> list[str]:
    found: list[str] = []
    place = 0
    while place < len(parts):
        if tuple(parts[place : place + 2]) == pair:
            found.append(_join(pair))
            place += 2
        else:
            found.append(parts[place])
            place += 1
    return found


def _join(pair: tuple[str, str]) -> str:
    return pair[0] + pair[1].removeprefix(INSIDE)
