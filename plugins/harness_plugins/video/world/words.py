"""The world's words in Swedish and English: those that can be shown, those that cannot, and how they are inflected.

Within a class all nouns have one gender, and no English word after an article begins with a vowel: neither `en`/`ett` nor
`a`/`an` tells one word of a class from another. No form of a word is in two classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Gender = Literal["common", "neuter"]
LANGUAGES = ("sv", "en")


@dataclass(frozen=True, slots=True)
class Term:
    """What a word stands for: `key` names it; `sv` its Swedish form (adjectives: the common one, with `neuter` beside it)."""

    key: str
    sv: str
    neuter: str = ""

    def form(self, language: str, gender: Gender = "common") -> str:
        """The word as it stands in a caption, agreeing with a noun of this gender."""
        if language == "en":
            return self.key
        return self.neuter if gender == "neuter" and self.neuter else self.sv


@dataclass(frozen=True, slots=True)
class WordClass:
    """Words that compete for one place of a caption.

    `pos`: Universal POS tag; `gender`: of the nouns, or of the noun that the adjectives stand by; `seen`: words that can be
    shown; `unseen`: words that cannot; `neutral`: key of what is shown where the class is left out of a world.
    """

    pos: str
    gender: Gender
    seen: tuple[Term, ...]
    unseen: tuple[Term, ...]
    neutral: str = ""


def _terms(text: str) -> tuple[Term, ...]:
    """`red:röd:rött, …`: the English word (its key), the Swedish one, the neuter of an adjective."""
    return tuple(Term(*one.strip().split(":")) for one in text.split(","))


SHOWN: Mapping[str, WordClass] = {
    "colour": WordClass(
        "ADJ",
        "common",
        _terms(
            "red:röd:rött, green:grön:grönt, blue:blå:blått, yellow:gul:gult, white:vit:vitt, black:svart:svart, "
            "pink:rosa:rosa, purple:lila:lila, turquoise:turkos:turkost, brown:brun:brunt"
        ),
        _terms(
            "brave:modig:modigt, kind:snäll:snällt, wise:klok:klokt, tired:trött:trött, hungry:hungrig:hungrigt, "
            "polite:artig:artigt"
        ),
        "white",
    ),
    "form": WordClass(
        "NOUN",
        "common",
        _terms(
            "circle:cirkel, square:kvadrat, triangle:triangel, star:stjärna, ring:ring, crescent:halvmåne, diamond:romb, "
            "drop:droppe, bolt:blixt, bar:stapel"
        ),
        _terms("thought:tanke, wish:önskan, question:fråga, habit:vana, rule:regel, plan:plan"),
        "circle",
    ),
    "motion": WordClass(
        "VERB",
        "common",
        _terms(
            "falls:faller, rises:stiger, glides:glider, grows:växer, shrinks:krymper, blinks:blinkar, bounces:studsar, "
            "sways:gungar, shakes:skakar, rests:vilar"
        ),
        _terms("thinks:tänker, remembers:minns, hopes:hoppas, longs:längtar, hesitates:tvekar, dreams:drömmer"),
        "rests",
    ),
    "size": WordClass(
        "ADJ",
        "neuter",
        _terms("big:stor:stort, small:liten:litet, tall:hög:högt, low:låg:lågt, wide:bred:brett, narrow:smal:smalt"),
        _terms("costly:dyr:dyrt, famous:känd:känt, secret:hemlig:hemligt, true:sann:sant, new:ny:nytt, funny:rolig:roligt"),
        "big",
    ),
    "landmark": WordClass(
        "NOUN",
        "neuter",
        _terms(
            "house:hus, tree:träd, cross:kors, heart:hjärta, tower:torn, tent:tält, window:fönster, fence:staket, wheel:hjul, "
            "cloud:moln"
        ),
        _terms("memory:minne, promise:löfte, reply:svar, decision:beslut, problem:problem, reason:skäl"),
        "house",
    ),
}
"""Classes of which something is shown, in the order in which they are drawn."""

TOLD: Mapping[str, WordClass] = {
    "day": WordClass(
        "NOUN",
        "common",
        (),
        _terms(
            "Monday:måndagen, Tuesday:tisdagen, Wednesday:onsdagen, Thursday:torsdagen, Friday:fredagen, Saturday:lördagen, "
            "Sunday:söndagen"
        ),
    ),
    "name": WordClass(
        "PROPN",
        "common",
        (),
        _terms("Anna:Anna, Erik:Erik, Maria:Maria, Johan:Johan, Sara:Sara, Lars:Lars, Karin:Karin, Nils:Nils"),
    ),
    "opinion": WordClass(
        "VERB", "common", (), _terms("says:säger, believes:tror, knows:vet, claims:påstår, assumes:antar, denies:förnekar")
    ),
    "mood": WordClass(
        "ADJ",
        "common",
        (),
        _terms("cheerful:munter, gloomy:dyster, tense:spänd, calm:lugn, friendly:vänlig, uneasy:orolig"),
    ),
    "weather": WordClass(
        "ADJ",
        "neuter",
        (),
        _terms(
            "cold:kall:kallt, warm:varm:varmt, damp:fuktig:fuktigt, sunny:solig:soligt, windy:blåsig:blåsigt, cloudy:mulen:mulet"
        ),
    ),
}
"""Classes of which nothing is ever shown."""

CLASSES: Mapping[str, WordClass] = {**SHOWN, **TOLD}
