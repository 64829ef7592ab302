"""Instructions to count down, with the only right answer."""

from collections.abc import Iterator

from harness import BuilderSpec, Example, hookimpl


class Countdown:
    """`n` examples: the first counts down from 1, the last from `n`."""

    def __init__(self, n: int = 3) -> None:
        self.n = n

    def examples(self) -> Iterator[Example]:
        for start in range(1, self.n + 1):
            answer = " ".join(map(str, range(start, 0, -1)))
            yield Example.from_instruction(f"countdown/{start}", f"Räkna ner från {start}.", [answer], language="sv")


@hookimpl
def harness_dataset_builders() -> list[BuilderSpec]:
    return [BuilderSpec("countdown", build=Countdown, help="counting down", languages=("sv",))]
