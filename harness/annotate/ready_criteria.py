"""Criteria that come ready by name, in Swedish and English: naturalness, relatedness and correctness on 1 to 3, and preferences.

The three criteria and the scale are those of Doostmohammadi, Holmström and Kuhlmann (Findings of EMNLP 2024, §3); their raters'
guidelines are not public, so the wording of questions and anchors is ours.
"""

from typing import Any


def ready_criteria() -> dict[str, dict[str, Any]]:
    """Name → the criterion as a study file would write it; scales run from 1 to 3, 3 is best."""
    return {
        "naturalness": {
            "label": {"sv": "Naturlighet", "en": "Naturalness"},
            "question": {
                "sv": "Är texten naturlig och språkligt riktig, oavsett vad den säger?",
                "en": "Is the text natural and well written, whatever it says?",
            },
            "anchors": {
                "sv": [
                    "Onaturlig: svår att läsa, full av språkfel, eller på ett annat språk än uppgiften ber om",
                    "Delvis naturlig: går att förstå, men har tydliga språkfel eller konstiga ordval",
                    "Naturlig: som skriven av någon som behärskar språket; även formell eller torr stil",
                ],
                "en": [
                    "Unnatural: hard to read, full of errors, or in another language than the task asks for",
                    "Partly natural: can be understood, with plain errors or odd choices of words",
                    "Natural: as someone fluent would write it; a formal or dry style too",
                ],
            },
        },
        "relatedness": {
            "label": {"sv": "Anknytning", "en": "Relatedness"},
            "question": {
                "sv": "Handlar svaret om det som efterfrågas, oavsett om det är rätt?",
                "en": "Is the answer about what was asked, whether or not it is right?",
            },
            "anchors": {
                "sv": [
                    "Utan anknytning: handlar om något annat",
                    "Delvis: berör uppgiften, men följer den inte helt",
                    "Hör till uppgiften: gör det som efterfrågas och inget annat",
                ],
                "en": [
                    "Unrelated: about something else",
                    "Partly: touches on the task without following it in full",
                    "Related: does what was asked and nothing else",
                ],
            },
        },
        "correctness": {
            "label": {"sv": "Riktighet", "en": "Correctness"},
            "question": {
                "sv": "Är det som svaret säger rätt? Om uppgiften inte har något givet rätt svar: är det som svaret påstår sant?",
                "en": "Is what the answer says right? If the task has no single right answer: is what the answer claims true?",
            },
            "anchors": {
                "sv": [
                    "Fel: det viktigaste stämmer inte, eller inget sägs",
                    "Delvis rätt: något väsentligt stämmer inte",
                    "Rätt: inget väsentligt är fel",
                ],
                "en": [
                    "Wrong: what matters most is not right, or nothing is said",
                    "Partly right: something that matters is wrong",
                    "Right: nothing that matters is wrong",
                ],
            },
        },
    }


def ready_pair_criteria() -> dict[str, dict[str, Any]]:
    """The same for comparisons."""
    return {
        "overall": {
            "label": {"sv": "Helhet", "en": "Overall"},
            "question": {"sv": "Vilket svar är bättre som helhet?", "en": "Which answer is better overall?"},
        },
        "naturalness": {
            "label": {"sv": "Naturlighet", "en": "Naturalness"},
            "question": {"sv": "Vilken text är mest naturlig?", "en": "Which text is more natural?"},
        },
        "relatedness": {
            "label": {"sv": "Anknytning", "en": "Relatedness"},
            "question": {"sv": "Vilket svar håller sig bäst till uppgiften?", "en": "Which answer keeps closer to the task?"},
        },
        "correctness": {
            "label": {"sv": "Riktighet", "en": "Correctness"},
            "question": {"sv": "Vilket svar är riktigast?", "en": "Which answer is more correct?"},
        },
    }
