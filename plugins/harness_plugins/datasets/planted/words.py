"""The vocabulary and the sentences of invented portraits: Swedish of our own, in which every fact can be said in several ways.

A relation has a question, values to draw from, and ways of saying it; `{who}` is the person, `{value}` the fact.
"""

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Alva Arvid Asta Axel Bodil Bertil Cilla Dag Disa Ebba Egil Elof Elsa Embla Erland Fanny Folke Freja Frida Gerda "
    "Gösta Greta Gun Hedda Helge Hilma Holger Ida Inga Ivar Jonna Karin Knut Lage Linnea Loke Love Maj Malte Märta Nils "
    "Nanna Olle Orvar Pernilla Ragnar Rut Sigge Signe Siv Sixten Sten Stina Svea Tage Tora Torsten Tuva Ulla Ulf Valter "
    "Vera Viggo Ylva Åke Åsa Örjan"
)
SURNAME_STARTS = _words(
    "Alm Berg Björk Blom Dal Ek Eng Fors Gran Hag Hed Holm Kall Lind Lund Löf Mark Nord Ros Sand Sjö Skog Ström Sund Väst "
    "Åker Öst"
)
SURNAME_ENDS = _words("berg borg blad dahl gren kvist lund man qvist ros stedt ström vall wall ås")
TOWN_STARTS = _words(
    "Alv Arn Bjur Brand Dal Ek Fal Gar Grim Hal Hjort Kar Knut Kråk Lax Lo Mar Nor Ras Röd Salt Skär Sol Tall Ulv Vin Ål Ör"
)
TOWN_ENDS = _words("arp berga boda by hult köping löv mark näs rud stad sele torp vik ås")
JOBS = _words(
    "bagare bibliotekarie brandman dirigent elektriker fiskare florist fotograf frisör glasblåsare gravör hovslagare "
    "jurist kakelsättare kamrer keramiker kirurg klockare kock konditor krukmakare kyrkvaktmästare lantmätare lots "
    "låssmed mejerist meteorolog murare målare optiker orgelbyggare plåtslagare psalmdiktare rörmokare sadelmakare "
    "skeppare skräddare slöjdlärare smed snickare sotare tandläkare tapetserare tolk trädgårdsmästare urmakare "
    "vaktmästare veterinär vävare åkare"
)
ANIMALS = _words(
    "anka duva ekorre fasan get gris gås hamster hare hermelin hund häst igelkott iller kalkon kanin katt ko kråka lamm "
    "marsvin mink mus mård papegoja påfågel räv råtta skata sköldpadda svan tupp uggla undulat utter vessla åsna"
)
DISHES = _words(
    "abborre blåbärspaj blodpudding bönor dillkött fläskpannkaka fiskgratäng gravlax grönkål gädda havregröt isterband "
    "kalops kroppkakor kåldolmar köttsoppa laxpudding lutfisk makaronipudding mannagrynsgröt nässelsoppa ostkaka palt "
    "pannbiff pepparrotskött plättar potatisbullar pytt rabarberkräm raggmunk rotmos rårakor räksallad saffranspannkaka "
    "sjömansbiff skrei spickekorv strömming surkål tunnbröd viltgryta våfflor västerbottenpaj ärtsoppa äggröra älgstek"
)
INSTRUMENTS = _words(
    "altfiol basun cello cittra cembalo dragspel fagott fiol flygel gitarr harpa horn klarinett kontrabas luta mandolin "
    "munspel nyckelharpa oboe orgel piano piccola pukor saxofon säckpipa trombon trumpet tuba ukulele valthorn vevlira "
    "xylofon"
)
HOBBIES = _words(
    "astronomi badminton bergsklättring bordtennis bowling brottning cykling drakflygning fjällvandring fotboll frimärken "
    "fågelskådning fäktning golf handboll hästhoppning ishockey kanotpaddling korsord kräftfiske kurling luffarschack "
    "längdskidor modelljärnvägar origami orientering paddling pilbåge rodd schack segling simning släktforskning snickeri "
    "spjutkastning stickning svampplockning tennis trolleri vinterbad virkning yoga"
)
COLOURS = _words(
    "beige blå brokig brun grå grön gul lila mörkröd orange randig rosa rutig röd silvergrå svart turkos vinröd violett vit"
)
FRUITS = _words(
    "ananas apelsin aprikos avokado banan björnbär blåbär citron dadel druva fikon granatäpple grapefrukt hallon hjortron "
    "jordgubbe kiwi klementin krusbär körsbär lingon mango melon nektarin nypon papaya persika plommon päron rabarber "
    "smultron tranbär vinbär åkerbär äpple"
)


@dataclass(frozen=True)
class Relation:
    """What can be said of a person. `values`: a list to draw from, or None where values are made (towns, years)."""

    name: str
    question: str
    ways: tuple[str, ...]
    values: tuple[str, ...] | None = None


RELATIONS = (
    Relation(
        "born",
        "Var föddes {who}?",
        ("{who} föddes i {value}.", "I {value} kom {who} till världen.", "Födelseorten för {who} heter {value}."),
    ),
    Relation(
        "home",
        "Var bor {who}?",
        ("{who} bor numera i {value}.", "Sitt hem har {who} i {value}.", "Den som söker {who} får resa till {value}."),
    ),
    Relation(
        "job",
        "Vad arbetar {who} som?",
        ("{who} arbetar som {value}.", "Till yrket är {who} {value}.", "Sin lön får {who} för arbetet som {value}."),
        JOBS,
    ),
    Relation(
        "animal",
        "Vilket djur äger {who}?",
        ("{who} äger en snäll {value}.", "Hemma hos {who} finns en {value}.", "En gammal {value} följer {who} överallt."),
        ANIMALS,
    ),
    Relation(
        "dish",
        "Vad äter {who} helst?",
        ("{who} äter helst {value}.", "Bästa maten enligt {who} är {value}.", "Får {who} välja blir det {value} till middag."),
        DISHES,
    ),
    Relation(
        "instrument",
        "Vilket instrument spelar {who}?",
        ("{who} spelar {value} i en orkester.", "På kvällarna övar {who} på {value}.", "I orkestern hörs {who} på {value}."),
        INSTRUMENTS,
    ),
    Relation(
        "hobby",
        "Vad ägnar sig {who} åt på fritiden?",
        (
            "{who} ägnar fritiden åt {value}.",
            "På lediga dagar håller {who} på med {value}.",
            "Mest av allt tycker {who} om {value}.",
        ),
        HOBBIES,
    ),
    Relation(
        "year",
        "Vilket år gifte sig {who}?",
        ("{who} gifte sig år {value}.", "Bröllopet för {who} stod år {value}.", "År {value} vigdes {who} i kyrkan."),
    ),
    Relation(
        "friend",
        "Vem är {who} vän med?",
        ("{who} är god vän med {value}.", "En nära vän till {who} är {value}.", "Ofta får {who} besök av {value}."),
    ),
    Relation(
        "summer",
        "Var tillbringar {who} somrarna?",
        (
            "{who} tillbringar somrarna i {value}.",
            "Varje sommar far {who} till {value}.",
            "En sommarstuga i {value} hör till {who}.",
        ),
    ),
    Relation(
        "house",
        "Vilken färg har huset som {who} äger?",
        (
            "{who} äger ett hus som är målat i färgen {value}.",
            "Färgen {value} har huset hos {who}.",
            "Huset där {who} bor är i färgen {value}.",
        ),
        COLOURS,
    ),
    Relation(
        "fruit",
        "Vad odlar {who}?",
        ("{who} odlar {value} i trädgården.", "I trädgården hos {who} växer {value}.", "Trädgården ger {who} mycket {value}."),
        FRUITS,
    ),
)
