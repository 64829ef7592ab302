"""Words of the closed classes, which every text of a language uses whatever it is about, and texts with all others masked."""

import re

_TOKENS = re.compile(r"\w+|[^\w\s]")

# articles, pronouns, prepositions, conjunctions, auxiliaries, question words, adverbs of degree, place and time
_SWEDISH = """
en ett den det de dem denna detta dessa som vars vilken vilket vilka vad vem vems var vart varifrån när hur varför huruvida om
jag du han hon hen vi ni man mig dig honom henne oss er sig min mitt mina din ditt dina hans hennes vår vårt våra ert era sin sitt
sina deras dess någon något några ingen inget inga alla allt all varje båda både annan annat andra samma själv
i på av för med till från vid hos utan under över mellan genom mot efter före innan sedan bland kring längs enligt trots inom utom
utanför inuti bakom framför bredvid nära per via än och eller men samt så att eftersom därför medan fast fastän såsom ju
är var varit vara bli blir blev blivit har hade haft ha ska skall skulle kan kunde kunnat vill ville vilja måste får fick få
bör borde må måtte brukar gör gjorde göra inte ej aldrig alltid ofta bara också även mycket mer mest lite mindre minst väl nog här
där hit dit nu då redan ännu upp ner ned ut in fram bort hem
"""
_ENGLISH = """
a an the this that these those which what who whom whose where when how why whether if i you he she it we they me him her us them
my your his its our their some any no none all each every both other another same self of in on at by for with about against
between into through during before after above below to from up down out off over under and or but nor so yet because while than
as is are was were be been being has have had having do does did doing will would shall should can could may might must not never
always often only also very more most less least here there now then
"""
FUNCTION_WORDS: dict[str, frozenset[str]] = {"sv": frozenset(_SWEDISH.split()), "en": frozenset(_ENGLISH.split())}


def function_words(language: str) -> frozenset[str]:
    """Those of a language by its tag; ValueError for one of which there is no list."""
    found = FUNCTION_WORDS.get(language.split("-")[0].lower())
    if found is None:
        raise ValueError(f"there is no list of function words of {language!r}; there are: {', '.join(sorted(FUNCTION_WORDS))}")
    return found


def masked(text: str, known: frozenset[str]) -> str:
    """Function words and punctuation as they are, in small letters; of other words the last two letters, which inflect them.

    Numbers become `9`, words with a capital `X`: what a text is about is gone, how it is put together stays.
    """
    parts: list[str] = []
    for token in _TOKENS.findall(text):
        small = token.casefold()
        if small in known or not token[0].isalnum():
            parts.append(small)
        elif token[0].isdigit():
            parts.append("9")
        else:
            parts.append("X" if token[0].isupper() else f"x{small[-2:]}")
    return " ".join(parts)
