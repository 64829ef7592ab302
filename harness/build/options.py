"""The sections of a build config, with their defaults."""

import msgspec


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`use: false` switches a step off; the data card then says so."""


class LanguageOptions(_Section, frozen=True, kw_only=True):
    """Which language each field looks like. A field of fewer `words` is not looked at; it is in the wrong language where
    another one is likelier by more than `margin` nats."""

    use: bool = True
    words: int = 6
    margin: float = 5.0

    def __post_init__(self) -> None:
        if self.words < 1:
            raise ValueError(f"words is at least 1, got {self.words}")
        if self.margin < 0:
            raise ValueError(f"margin is at least 0 nats, got {self.margin:g}")


class FilterOptions(_Section, frozen=True, kw_only=True):
    """Limits in characters of the instruction and of the response; `repeated`: the largest share of a response's word 4-grams
    that may be repetitions; `symbols`: the largest share of its characters that may be neither letters, digits, blanks nor
    punctuation."""

    use: bool = True
    min_instruction: int = 3
    max_instruction: int = 20_000
    min_response: int = 1
    max_response: int = 20_000
    repeated: float = 0.5
    symbols: float = 0.3

    def __post_init__(self) -> None:
        for low, high in (("min_instruction", "max_instruction"), ("min_response", "max_response")):
            if not 0 <= getattr(self, low) <= getattr(self, high):
                raise ValueError(f"{low} is at least 0 and at most {high}, got {getattr(self, low)} and {getattr(self, high)}")
        for name in ("repeated", "symbols"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1, got {getattr(self, name):g}")


class DuplicateOptions(_Section, frozen=True, kw_only=True):
    """Rows of equal text (letters and digits, case folded) are removed but one; so are rows that are asked and answered alike:
    the sets of character `shingle`-grams of both sides have a Jaccard similarity of at least `near` (None: only equal rows),
    found by MinHash of `permutations` values. With `sides: false` the row's text is compared as a whole."""

    use: bool = True
    near: float | None = 0.8
    sides: bool = True
    shingle: int = 5
    permutations: int = 128

    def __post_init__(self) -> None:
        if self.near is not None and not 0.3 <= self.near <= 1.0:
            raise ValueError(f"near is a similarity between 0.3 and 1, got {self.near:g}")
        if not 1 <= self.shingle <= 32:
            raise ValueError(f"shingle is a number of characters between 1 and 32, got {self.shingle}")
        if not 16 <= self.permutations <= 1024:
            raise ValueError(f"permutations lies between 16 and 1024, got {self.permutations}")


class ContaminationOptions(_Section, frozen=True, kw_only=True):
    """Rows that share a word `ngram` with an evaluation set are removed. `against`: judgment sources by name, files of
    examples or of plain text, build folders, and `data:NAME` for a data set that builders read (`harness data list`): its files
    with `test` in their name, or all where none has; None is every installed judgment source whose data are there and that
    needs no parameter. A text of an evaluation set that is shorter than `ngram` words counts where a whole field of a row
    equals it and it has `shortest` words."""

    use: bool = True
    against: tuple[str, ...] | None = None
    ngram: int = 10
    shortest: int = 4

    def __post_init__(self) -> None:
        if self.ngram < 2:
            raise ValueError(f"ngram is a number of words, at least 2, got {self.ngram}")


class SplitOptions(_Section, frozen=True, kw_only=True):
    """Shares of the splits, by source document (an example's cluster): what comes from one document lies in one split."""

    train: float = 0.9
    validation: float = 0.05
    test: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        shares = (self.train, self.validation, self.test)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"the shares train, validation and test are to sum to 1, got {sum(shares):g}")


class CardOptions(_Section, frozen=True, kw_only=True):
    """What the data card and the review page show: `samples` rows of each kind; `title` and `description` for people."""

    samples: int = 12
    title: str | None = None
    description: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.samples <= 200:
            raise ValueError(f"samples lies between 0 and 200, got {self.samples}")
