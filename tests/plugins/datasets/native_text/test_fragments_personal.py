"""Personal data by kind, with the checks that each kind has; all numbers are made up or set aside for examples."""

import pytest
from harness_plugins.datasets.native_text.fragments_personal import is_iban, is_person_number, luhn, personal_data


def kinds(text: str) -> list[str]:
    return [one.kind for one in personal_data(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Skriv till anna.berg+x@exempel.se.", "e-mail"),
        ("Ring 070-174 06 35 i kväll.", "phone"),
        ("Tel: 08-465 004 00", "phone"),
        ("Tel +46 8 465 004 00.", "phone"),
        ("Tel. +46 (0)70-174 06 35", "phone"),
        ("Hon har numret 811228-9874.", "personal-identity-number"),
        ("Hon har numret 19811228-9874.", "personal-identity-number"),
        ("Nummer 811288-9871 är ett samordningsnummer.", "personal-identity-number"),
        ("Han bor på Storgatan 12 B i Lund.", "street-address"),
        ("Skicka till Kungsängsvägen 5.", "street-address"),
        ("Adress: Lilla Torg 3", "street-address"),
        ("223 50 Lund", "street-address"),
        ("Konto SE35 5000 0000 0549 1000 0003 hos banken.", "iban"),
        ("Kortet 4111 1111 1111 1111 går ut.", "card"),
        ("Datorn 192.0.2.17 svarar.", "ip-address"),
    ],
)
def test_each_kind_is_found(text: str, kind: str):
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Det kostar 25 000-50 000 kronor, eller 5 000–15 000 SEK.",
        "Numret 811228-9873 har fel kontrollsiffra.",
        "Den 811328-9873 finns inte.",
        "Organisationsnummer 556036-0793.",
        "Ring 0771-11 44 00 eller 020-91 00 37 eller 112.",
        "Konto SE35 5000 0000 0549 1000 0004 har fel kontrollsumma.",
        "Kortet 4111 1111 1111 1112 går inte.",
        "Enligt 3 kap. 12 § gäller AFS 2001:1 och SFS 1998:204.",
        "ISBN 91-7324-595-X och 0-521-41012-6.",
        "Vägen 12 km norr om gatan 3 kap., på plan 3 vid torget 5.",
        "Version 2.0.2.0 och avsnitt 1.1.2.3",
        "Version 1.2.3.4000 kom 1999-03-30 kl 04:33.",
        "Han skrev @zine och e-post.",
        "Åren 1987-88-89 var 120 000 personer med, 10 000 fler än 1986.",
    ],
)
def test_other_numbers_are_left_alone(text: str):
    assert kinds(text) == []


def test_places_are_those_of_the_text_and_do_not_overlap():
    text = "Anna, a@b.se, 070-174 06 35, Storgatan 1."
    found = personal_data(text)
    assert [text[one.start : one.end] for one in found] == ["a@b.se", "070-174 06 35", "Storgatan 1"]


def test_check_digits_are_those_of_the_standards():
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert is_person_number("811228-9874")
    assert not is_person_number("811228-9875")
    assert not is_person_number("810229-9875")  # no leap year
    assert is_iban("GB82 WEST 1234 5698 7654 32")
    assert not is_iban("GB83 WEST 1234 5698 7654 32")
