"""Splits by source document: what comes from one document lies in one split, whatever other rows there are."""

from hashlib import blake2b

from harness.build.options import SplitOptions


def split_of(cluster: str, options: SplitOptions) -> str:
    """`train`, `validation` or `test`: a pure function of the document's name and the seed, so that it stays as data grow."""
    drawn = blake2b(f"{options.seed}\0{cluster}".encode(), digest_size=8).digest()
    share = int.from_bytes(drawn, "big") / 2**64
    if share < options.train:
        return "train"
    return "validation" if share < options.train + options.validation else "test"
