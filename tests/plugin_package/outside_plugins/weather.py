"""Three questions about the weather, two systems, one rater: small enough to check by hand."""

from collections.abc import Iterator

from harness import Example, Judgment, JudgmentInfo, JudgmentSourceSpec, Output, Scale, hookimpl

ITEMS = {
    # question: (reference, what each system said and how it was rated)
    "Hur blir vädret?": ("det blir sol", {"sol": ("det blir sol", 3), "regn": ("det blir regn", 1)}),
    "Kommer det snö?": ("nej ingen snö", {"sol": ("nej", 2), "regn": ("ja mycket snö", 1)}),
    "Blåser det?": ("ja det blåser", {"sol": ("ja det blåser", 3), "regn": ("det blåser", 3)}),
}


class Weather:
    """Ratings from 1 to 3 of the criterion "correctness"."""

    info = JudgmentInfo(name="weather", version="1", criteria=("correctness",), primary_rater="r1")

    def read(self) -> Iterator[Example | Output | Judgment]:
        for number, (question, (reference, answers)) in enumerate(ITEMS.items(), 1):
            example = Example.from_instruction(f"weather/{number}", question, [reference], language="sv")
            yield example
            for system, (text, rating) in answers.items():
                output = Output(id=f"{example.id}/{system}", example_id=example.id, system=system, text=text)
                yield output
                scale = Scale(low=1, high=3)
                yield Judgment(output_id=output.id, rater="r1", criterion="correctness", value=rating, scale=scale)


@hookimpl
def harness_judgment_sources() -> list[JudgmentSourceSpec]:
    return [JudgmentSourceSpec("weather", build=Weather, help="three questions about the weather")]
