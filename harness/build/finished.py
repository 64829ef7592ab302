"""What a finished build leaves for people and other programs: files by split, the data card, the review page."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from harness.build import licence_rules
from harness.build.card import build_card, licences_of
from harness.build.card_markdown import card_markdown
from harness.build.card_tally import Tally
from harness.build.card_warnings import without_texts
from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.export import write_files
from harness.build.export_rows import Survey
from harness.build.hub import readme
from harness.build.review import Review
from harness.build.rows import SetAside
from harness.build.sift_found import read_found
from harness.records import Example
from harness.store import read_manifest, read_table, table_path
from harness.whole_files import replace_file

if TYPE_CHECKING:
    from harness.stages.build import BuiltRows

Report = Callable[[str, int, int], None]
RowT = TypeVar("RowT")
README, CARD, REVIEW = "README.md", "card.html", "review.html"
_EVERY = 5_000  # rows between two words of progress


class Written(NamedTuple):
    """What was written: rows by split, and the paths of files and pages by what they are."""

    splits: dict[str, int]
    files: dict[str, str]


def write_finished(
    folder: Path,
    config: BuildConfig,
    built: "Sequence[BuiltRows]",
    against: Sequence[EvaluationSet],
    report: Report,
    *,
    notes: Sequence[str] = (),
    note: Callable[[str], None] = lambda sentence: None,
) -> Written:
    """Writes the files and pages out of the tables `examples` and `removed`.

    Each of the tables is read twice at most, a row at a time. Everything is written whole, beside its old self. `notes` are
    sentences about steps that could not be done, which the card repeats; `note` is told what a user must know about licences.
    """
    from harness.build.pages.card import card_html
    from harness.build.pages.review import review_html

    survey, tally = Survey(), Tally(config.card.samples, config.card.seed, [one.name for one in against])
    review = Review(config.card.samples, config.card.seed)
    for example in _told(_examples(folder), report, "card"):
        survey.add(example)
        tally.add(example)
        review.add(example)
    for row in read_table(table_path(folder, "removed"), SetAside):
        tally.add_removed(row)
        review.add_removed(row)
    total = survey.rows.total()
    report("files", 0, total)
    files = write_files(folder, survey, _told(_examples(folder), report, "files", total))
    card = build_card(config, built, against, tally, read_manifest(folder).versions, notes, read_found(folder))
    languages = [tag for (tag,) in tally.count_by("language")] or [config.language]
    text = readme(card.title, languages, files, tally, licences_of(tally), card_markdown(card))
    replace_file(folder / README, text.encode())
    replace_file(folder / CARD, card_html(card).encode())
    replace_file(folder / REVIEW, review_html(review.contents(card.title, config, card.warnings)).encode())
    written = {split: str(folder / "data" / f"{split}.jsonl") for split in files}
    for sentence in licence_rules.warnings(licences_of(tally)):
        note(f"licences: {sentence}")
    if config.contamination.use:
        for sentence in without_texts(against):
            note(f"contamination: {sentence}")
    pages = {"card": str(folder / CARD), "review": str(folder / REVIEW), "readme": str(folder / README)}
    return Written({split: survey.rows[split] for split in files}, {**written, **pages})


def _examples(folder: Path) -> Iterator[Example]:
    return read_table(table_path(folder, "examples"), Example)


def _told(rows: Iterator[RowT], report: Report, what: str, total: int = 0) -> Iterator[RowT]:
    """The rows, with a word of progress now and then."""
    done = 0
    for done, row in enumerate(rows, 1):
        yield row
        if done % _EVERY == 0:
            report(what, done, max(total, done))
    report(what, done, max(total, done))
