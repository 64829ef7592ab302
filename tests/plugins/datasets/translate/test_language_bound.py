"""Tasks about the source language are set aside; rows that only speak of such things are not."""

import pytest
from harness_plugins.datasets.translate.language_bound import language_bound

BOUND = [
    ("en", "Is the word level a palindrome?", "palindrome"),
    ("en", "Give me five words that rhyme with cat.", "rhyme"),
    ("en", "Write a limerick about a fox.", "rhyme"),
    ("en", "Compose a haiku about rain.", "syllables"),
    ("en", "Find an anagram of dusty.", "anagram"),
    ("en", "How many vowels are in this word?", "letters"),
    ("en", "List animals that start with the letter B.", "letters"),
    ("en", "Sort these words in alphabetical order.", "alphabet"),
    ("en", "What does NATO stand for?", "acronym"),
    ("en", "Correct the spelling mistakes in the text.", "spelling"),
    ("en", "How do you spell necessary?", "spelling"),
    ("en", "Rewrite the sentence in the past tense.", "grammar"),
    ("en", "Find the errors in this sentence.", "grammar"),
    ("en", "Identify the verbs in the sentence.", "grammar"),
    ("en", "Translate the sentence into French.", "translation"),
    ("en", "How do you say thank you in Japanese?", "translation"),
    ("en", "Make a pun about bread.", "pun"),
    ("en", "Write a tongue twister.", "tongue-twister"),
    ("en", "Explain the idiom 'break the ice'.", "idiom"),
    ("en", "Write a text about autumn without using the letter e.", "letters"),
    ("en", "Choose 'their' or 'there' for the gap.", "grammar"),
    ("en", 'Which is right: "affect" or "effect"?', "grammar"),
    ("en", "Insert the correct form of the word.", "grammar"),
    ("en", "Explain why this headline is ambiguous.", "pun"),
    ("da", "Skriv om efteråret uden at bruge bogstavet e.", "letters"),
    ("da", "Indsæt den rigtige form: 'ligge' eller 'ligger'.", "grammar"),
    ("da", "Hvorfor er denne overskrift tvetydig?", "pun"),
    ("da", "Find fem ord, der rimer på hus.", "rhyme"),
    ("da", "Hvor mange bogstaver er der i ordet?", "letters"),
    ("da", "Ret stavefejlene i teksten.", "spelling"),
    ("da", "Oversæt sætningen til engelsk.", "translation"),
    ("da", "Find navneordene i sætningen.", "grammar"),
]
FREE = [
    ("en", "What is the difference between a noun phrase and the fine print?"),
    ("en", "Answer with 'spam' or 'ham'."),
    ("en", "Say 'positive' or 'negative'."),
    ("en", "Why is this plan funny to him?"),
    ("da", "Hvad er forskellen på et verbum og en maskine?"),
    ("da", "Svar 'sandt' eller 'falsk'."),
    ("en", "Write a story about a spelling contest."),
    ("en", "Write a letter to my bank."),
    ("en", "Describe the main characters in the novel."),
    ("en", "Write a poem about the sea."),
    ("en", "How many people live in Rome?"),
    ("en", "Write a Python function that checks whether a string is a palindrome."),
    ("en", "What words would you use to comfort a friend?"),
    ("en", "Summarise the sentence in the text about birds."),
    ("en", "Plan a syllabus for a course in physics."),
    ("en", "Spell out what you expect of me."),
    ("en", "Translate the question into a SQL query."),
    ("da", "Skriv et brev til min nabo."),
    ("da", "Skriv en historie om en stavekonkurrence."),
    ("da", "Hvor mange mennesker bor der i Rom?"),
]


@pytest.mark.parametrize(("language", "instruction", "reason"), BOUND)
def test_a_task_about_the_language_is_told_by_its_reason(language: str, instruction: str, reason: str) -> None:
    found = language_bound(instruction, "", "", language)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(("language", "instruction"), FREE)
def test_a_row_that_mentions_such_things_is_free(language: str, instruction: str) -> None:
    assert language_bound(instruction, "", "", language) is None


def test_behind_a_general_instruction_the_input_is_what_is_asked() -> None:
    found = language_bound("Answer the question.", "Which words rhyme with tree?", "bee", "en")
    assert found is not None
    assert found.reason == "rhyme"
    assert (
        language_bound(
            "Summarise the article about the school play in three sentences for me.", "It must rhyme with tree.", "", "en"
        )
        is None
    )


def test_a_language_without_a_table_has_no_rules() -> None:
    assert language_bound("Welche Wörter reimen sich auf Haus?", "", "", "de") is None


def test_an_answer_that_says_what_part_of_speech_a_word_is_is_about_the_language() -> None:
    found = language_bound("Explain the sentence.", "Time flies.", 'Here "flies" is a verb.', "en")
    assert found is not None
    assert found.reason == "grammar"
    assert language_bound("Explain the sentence.", "Time flies.", "It means that time passes.", "en") is None
