"""A model that says the instruction again."""

from collections.abc import Iterator, Sequence

from harness import Example, GeneratorSpec, Output, hookimpl


class Echo:
    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        for example in examples:
            yield Output(id=f"{example.id}/echo", example_id=example.id, system="echo", text=example.instruction, finish="stop")


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [GeneratorSpec("echo", build=Echo, help="says the instruction again")]
