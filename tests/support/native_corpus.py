"""A small corpus of Swedish text, in its author's own words, and a model that answers for tests."""

import re
from pathlib import Path

from chat_server import Answer, Seen, completion

PARAGRAPHS = {
    "Havre": (
        "Havre tål kyla bättre än vete och kan därför odlas längre norrut. Den sås så snart jorden har torkat upp "
        "på våren, och skördas när halmen har gulnat men innan kornen börjar falla till marken."
    ),
    "Ekor": (
        "En eka byggs med planka på planka, där varje bord läggs om lott över det förra. Den som bygger mäter "
        "sällan med måttband, utan känner med handen hur virket vill böja sig kring spanten."
    ),
    "Snö": (
        "Nysnö rymmer mycket luft och dämpar ljudet av steg och röster. När den har legat några dagar packas den "
        "av sin egen tyngd, och då knarrar den under skorna om det är tillräckligt kallt."
    ),
    "Bibliotek": (
        "Den som lånar en bok får behålla den i fyra veckor och kan låna om den två gånger, om ingen annan står i "
        "kö. Böcker som lämnas för sent kostar ingenting, men den som tappar bort en får ersätta den."
    ),
    "Bin": (
        "Ett bisamhälle övervintrar som en klunga kring drottningen. Bina turas om att sitta ytterst, där det är "
        "kallast, och de alstrar värme genom att röra flygmusklerna utan att vingarna slår."
    ),
    "Lavar": (
        "En lav består av en svamp och en alg som lever tillsammans. Svampen håller kvar fukten och fäster vid "
        "stenen, medan algen fångar ljuset, och ingen av dem klarar sig särskilt länge på egen hand."
    ),
    "Klockor": (
        "Kyrkans gamla klocka gjuts om vart hundrade år, brukade man säga, men den här har hängt sedan kriget. "
        "Klangen är mörkare än förr, eftersom en spricka har vandrat uppåt från kanten."
    ),
    "Bröd": (
        "Degen ska jäsa långsamt i kylen över natten, för då hinner smaken växa fram. På morgonen formas den till "
        "limpor som får vila en timme innan de gräddas mot en het sten i botten av ugnen."
    ),
}


def write_corpus(folder: Path, names: list[str] | None = None) -> Path:
    """The corpus as a folder of Markdown files, a paragraph each; `names`: which of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or PARAGRAPHS:
        (folder / f"{name}.md").write_text(f"# {name}\n\n{PARAGRAPHS[name]}\n", encoding="utf-8")
    return folder


def subject(seen: Seen) -> str:
    """The name of the paragraph that the model was shown."""
    return next(name for name, text in PARAGRAPHS.items() if text in seen.text)


def canned(seen: Seen) -> Answer:
    """Writes a fitting instruction with some chatter around it, and rates every pair by the length of its instruction."""
    code = re.search(r"-(\d{6,})>", seen.text)
    assert code is not None
    if re.search("OMDÖME|verdict", seen.text, re.IGNORECASE):
        return Answer(completion(f"OMDÖME {code[1]}: {2 + len(subject(seen)) % 4}"))
    name = subject(seen).lower()
    return Answer(completion(f'Visst! Här är instruktionen:\n\n"Förklara kort det viktigaste som man bör veta om {name}."'))
