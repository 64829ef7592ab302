"""Ready sets of native text: where they lie below the data home, how they are read, and where their files come from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.protocols import DataFiles
from harness_plugins.datasets.template.data import DATA as TEMPLATE_DATA

_TALBANKEN = "30067217d275233ed460d0c0abafeaf22d63a3d2"
_BOOK = "copyright-finns-inte"


class Ready(NamedTuple):
    """A ready set: `path` below the data home, what a source of it is set to, and its name in `DATA`."""

    path: str
    settings: Mapping[str, Any]
    data: str


READY: Mapping[str, Ready] = {
    _BOOK: Ready(
        f"{_BOOK}/cfi.html", {"format": "html", "encoding": "iso-8859-1", "split_at": 1, "licence": "public domain"}, _BOOK
    ),
    "swequad-mc": Ready("swequad-mc/data/training.json", {"format": "swequad", "licence": "CC BY 4.0"}, "swequad-mc"),
    "talbanken": Ready(
        "ud-swedish-talbanken/sv_talbanken-ud-test.conllu", {"format": "conllu", "licence": "CC BY-SA 4.0"}, "talbanken"
    ),
    "talbanken-dev": Ready(
        "ud-swedish-talbanken/sv_talbanken-ud-dev.conllu", {"format": "conllu", "licence": "CC BY-SA 4.0"}, "talbanken-dev"
    ),
    "zaragoza-construction-faq": Ready(
        "zaragoza-construction-faq/faq.jsonl",
        {"format": "jsonl", "field": "a", "id_field": "id", "title_field": "q", "licence": "CC BY 4.0"},
        "zaragoza-faq",
    ),
}


def _talbanken(file: str, sha256: str) -> DataFiles:
    return DataFiles(
        folder="ud-swedish-talbanken",
        base_url=f"https://raw.githubusercontent.com/UniversalDependencies/UD_Swedish-Talbanken/{_TALBANKEN}",
        files={file: sha256},
        licence="CC-BY-SA-4.0",
        source="https://github.com/UniversalDependencies/UD_Swedish-Talbanken",
    )


# What `harness data get` fetches for native and for translated text.
DATA: Mapping[str, DataFiles] = {
    "talbanken": _talbanken("sv_talbanken-ud-test.conllu", "b8909c4f5f2c64b3cee251de7004fa293717d309e54ca59d149a61d75e8571d7"),
    "talbanken-dev": _talbanken("sv_talbanken-ud-dev.conllu", "31917fc04cfe9ef7ce8c11ed8570b739a0cefdcda5e06ff93207e6d84f37117b"),
    _BOOK: DataFiles(
        folder=_BOOK,
        base_url="",
        files={"cfi.html": "75bb1be11e74eb29210cb1908e27fa207d1e074bb28f8dfa859728c8fdad9538"},
        licence="public domain",
        source="Debian's package cfi-sv 3.0-10.2",
        by_hand="take it from Debian's package cfi-sv: `apt-get download cfi-sv && dpkg-deb -x cfi-sv_*.deb cfi`, "
        f"then `harness data get {_BOOK} --from cfi/usr/share/doc/cfi-sv`",
    ),
    **{name: TEMPLATE_DATA[name] for name in ("swequad-mc", "zaragoza-faq", "ntrex")},
}
