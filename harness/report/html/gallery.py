"""Pictures with words beside them, for the template: their addresses hold the pictures themselves."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.analysis_contents import Gallery, GalleryEntry, Picture
from harness.report.html.text import language_tag


@dataclass(frozen=True)
class PictureView:
    """A picture by an address that holds it."""

    address: Markup
    said: str
    width: int
    height: int


@dataclass(frozen=True)
class EntryView:
    """An entry; its language only where it is one."""

    title: str
    pictures: tuple[PictureView, ...]
    before: str
    marked: str
    after: str
    language: str | None
    facts: tuple[str, ...]
    note: str | None


@dataclass(frozen=True)
class GalleryView:
    """What the template draws."""

    entries: tuple[EntryView, ...]


def gallery(figure: Gallery) -> GalleryView:
    """The view of pictures."""
    return GalleryView(tuple(map(_entry, figure.entries)))


def _entry(entry: GalleryEntry) -> EntryView:
    pictures = tuple(map(_picture, entry.pictures))
    language = language_tag(entry.language)
    return EntryView(entry.title, pictures, entry.before, entry.marked, entry.after, language, entry.facts, entry.note)


def _picture(picture: Picture) -> PictureView:
    # checked when it was made: the kind is one of two, the data are base64 alone
    address = Markup("data:{};base64,{}").format(picture.kind, picture.data)
    return PictureView(address, picture.said, picture.width, picture.height)
