"""Names of files and settings are put in words within sentences, and nothing else is."""

import pytest

from ganatomy.importance.readouts import READOUTS
from ganatomy.report.glossary import glossary
from ganatomy.report.plain_words import in_plain_words, plain_target


@pytest.mark.parametrize("readout", READOUTS)
def test_no_readout_keeps_its_raw_name(readout: str) -> None:
    said = in_plain_words(f"The smallest is 2.4 of {readout} (19 %).")
    assert readout not in said
    assert said.startswith("The smallest is 2.4 of ")
    assert said.endswith(" (19 %).")


def test_targets_are_named_and_begin_sentences() -> None:
    said = in_plain_words("D moves. d_logit_of_g is moved by z1; region(cell_0_2) by z2.")
    assert said == (
        "D moves. D’s logit of G’s image is moved by z1; brightness of the cell in row 1, "
        "column 3 by z2."
    )
    assert plain_target("concept(mine)") == "mine"


@pytest.mark.parametrize("text", ["reports/g_fcd.csv", "my_fcd", "a d_unknown", "FCD 3"])
def test_what_is_no_such_name_stays(text: str) -> None:
    assert in_plain_words(text) == text


def test_every_word_that_a_fresh_reader_asked_about_is_explained() -> None:
    spelled = {word for term in glossary().values() for word in term.spellings}
    assert spelled >= {
        *("spread", "KRD", "FRD", "FLD", "q", "permuted", "balanced accuracy", "eval mode"),
        *("surrogate", "baseline", "IoU", "class activation map", "submodular pick"),
        *("generator", "discriminator"),
    }
