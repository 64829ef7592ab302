"""Tables of norms: what is read, what is left out with a count, and what is refused."""

import unicodedata

import pytest
from harness_plugins.video.probe.norms import GLASGOW, data_files, read_norms

from harness.data import check_data
from harness.errors import AbsentData, InputError


@pytest.fixture
def table(tmp_path):
    def write(text, name="norms.csv"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_the_glasgow_norms(shared_data, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    norms = read_norms("glasgow")
    assert check_data(data_files()[GLASGOW]) == {"data/glasgow_norms.csv": "ok"}
    assert len(norms.values) == 4682
    assert (norms.values["abattoir"], norms.values["bank"], norms.values["tv"]) == (4.391, 6.086, 6.857)
    assert norms.notes == ("871 words with a sense, such as 'address (postal)', were left out",)
    assert (norms.scale, norms.language, norms.column) == ((1.0, 7.0), "en", "Imageability")
    arousal = read_norms("glasgow", value="arousal")
    assert (arousal.scale, arousal.column) == (None, "Arousal")
    assert max(arousal.values.values()) > 7


def test_absent_norms_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(AbsentData, match="run `harness data get glasgow-norms`"):
        read_norms()


def test_a_missing_column_is_named_with_those_that_are_there(table):
    file = table("Word,Concreteness\ncircle,5.9\nred,5.1\n")
    with pytest.raises(InputError, match=r"norms\.csv: there is no column 'value' or 'imageability'.*'Word', 'Concreteness'"):
        read_norms(file)


def test_the_order_and_case_of_columns_do_not_matter(table):
    assert read_norms(table("Imageability,Word\n5.9,circle\n")).values == {"circle": 5.9}
    assert read_norms(table("a;b\n5,9;får\n"), word="b", value="A").values == {"får": 5.9}  # a Swedish spreadsheet


def test_a_word_with_two_values_is_refused_or_left_out_as_asked(table):
    file = table("word,value\ncircle,6.5\nred,5\nCircle,2.0\n")
    with pytest.raises(InputError, match=r"'circle' has several values, 6\.5 in line 2 and 2 in line 4"):
        read_norms(file)
    norms = read_norms(file, twice="omit")
    assert norms.values == {"red": 5.0}
    assert norms.notes == ("1 words with several values were left out: 'circle'",)
    with pytest.raises(ValueError, match="twice must be"):
        read_norms(file, twice="last")  # type: ignore[arg-type]


def test_a_word_twice_with_one_value_counts_once(table):
    norms = read_norms(table("word,value,word_class\ncircle,6.5,NOUN\ncircle,6.5,VERB\nred,1,ADJ\n"))
    assert norms.values == {"circle": 6.5, "red": 1.0}
    assert norms.classes == {"red": "ADJ"}
    assert norms.notes == (
        "1 words stand in several rows with the same value and count once",
        "1 words have several word classes and count as of none",
    )


def test_senses_are_not_the_plain_word(table):
    norms = read_norms(table("word,value\nbank (money),4.0\nbank (river),6.0\nred,5\n"))
    assert norms.values == {"red": 5.0}
    assert norms.notes == ("2 words with a sense, such as 'bank (money)', were left out",)


def test_every_bad_row_is_named_with_line_word_and_value(table):
    good = "".join(f"word{number},3\n" for number in range(40))
    file = table(f"word,value\n{good}circle,six\nred,inf\nblue,nan\nstar,4,8\nidea,\nbig,45\n")
    with pytest.raises(InputError) as refused:
        read_norms(file, scale=(1, 7))
    for part in ("5 of 46 rows", "line 42: 'circle': 'six'", "line 43: 'red': 'inf'", "line 44: 'blue': 'nan'"):
        assert part in str(refused.value)
    assert "line 45: 'star': '4,8'" in str(refused.value)
    assert "line 47: 'big': 45 is not on the scale 1–7" in str(refused.value)
    assert "idea" not in str(refused.value)


def test_empty_values_are_left_out_with_a_count(table):
    norms = read_norms(table("word,value\nidea,\nred,5\n,3\n"))
    assert (norms.values, norms.notes) == ({"red": 5.0}, ("2 rows without a word or a value were left out",))
    with pytest.raises(InputError, match="0 of its 1 rows give a word"):
        read_norms(table("word,value\nidea,\n"))
    with pytest.raises(InputError, match="only a header"):
        read_norms(table("word,value\n"))


def test_one_language_of_a_table_of_two(table):
    file = table("word,language,imageability,word_class,frequency\nröd,sv,7,ADJ,12\nred,en,6,ADJ,13\n")
    with pytest.raises(InputError, match="holds words of 'en', 'sv'"):
        read_norms(file)
    norms = read_norms(file, language="sv-SE")
    assert (norms.values, norms.classes, norms.frequencies) == ({"röd": 7.0}, {"röd": "ADJ"}, {"röd": 12.0})
    with pytest.raises(InputError, match="no row is of the language 'fi'"):
        read_norms(file, language="fi")


def test_words_are_one_in_either_normal_form(table):
    norms = read_norms(table("word,value\n" + unicodedata.normalize("NFD", "röd") + ",7\nRÖD,7\n"))
    assert norms.values == {"röd": 7.0}


def test_lemmas_beside_the_norms(table):
    lemmas = table("form,lemma\nRött,röd\nröda,röd\n", "lemmas.csv")
    assert read_norms(table("word,value\nröd,7\n"), lemmas=lemmas).lemmas == {"rött": "röd", "röda": "röd"}
    bad = table("form,lemma\nrött,röd\nrött,rött\n", "bad.csv")
    with pytest.raises(InputError, match=r"line 3: 'rött' has the lemma 'rött', and 'röd' in line 2"):
        read_norms(table("word,value\nröd,7\n"), lemmas=bad)


def mrc_line(word, imageability, kind):
    """A line of mrc2.dct: 51 fixed columns (Wilson 1988), then word, phonetics, stress."""
    return f"{len(word):2}{'':29}{imageability:3}{0:9}{' '}{kind}{kind}{'':5}{word}|a|b|20\n"


def test_the_mrc_dictionary(table):
    file = table(
        mrc_line("CIRCLE", 591, "N") + mrc_line("CIRCLE", 591, "V") + mrc_line("RED", 585, "J") + mrc_line("OF", 0, "R"),
        "mrc2.dct",
    )
    norms = read_norms("mrc", path=file)
    assert norms.values == {"circle": 591.0, "red": 585.0}
    assert (norms.classes, norms.scale) == ({"red": "ADJ"}, (100.0, 700.0))
    with pytest.raises(InputError, match=r"line 1: not a line of the MRC dictionary \(mrc2\.dct\)"):
        read_norms("mrc", path=table("Word,IMAG\n", "x.dct"))
    with pytest.raises(ValueError, match="mrc needs path"):
        read_norms("mrc")


def test_the_lancaster_norms(table):
    file = table("Word,Auditory.mean,Visual.mean\nBANANA,0.16,3.89\nA CAPPELLA,4.3,1.2\n", "lancaster.csv")
    norms = read_norms("lancaster", path=file)
    assert (norms.values, norms.scale) == ({"banana": 3.89, "a cappella": 1.2}, (0.0, 5.0))
    assert read_norms("lancaster", path=file, value="Auditory.mean").values["banana"] == 0.16


@pytest.mark.parametrize("scale", [(7, 1), (1,), (True, 7), ("1", "7")])
def test_a_scale_is_two_numbers(table, scale):
    with pytest.raises(ValueError, match="scale must be"):
        read_norms(table("word,value\nröd,7\n"), scale=scale)
