"""One source of words: every name that the page's tables have, each explained once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.gan.training_guards import RULES
from ganatomy.importance.readouts import READOUTS, RELIANCE_READOUTS
from ganatomy.metrics.fidelity import NAMES
from ganatomy.report.glossary import (
    as_markdown,
    first_uses,
    glossary,
    kind_name,
    label,
    layer_name,
    term,
)
from ganatomy.report.terms.term import GROUPS, Term
from ganatomy.wording import ordinal
from tests.harness import ROOT

TERMS = tuple(glossary().values())


@pytest.mark.parametrize("key", [*NAMES, *READOUTS, *RELIANCE_READOUTS])
def test_what_tables_call_a_figure_is_a_term(key: str) -> None:
    known = term(key)
    assert known is not None
    assert label(key) == known.label != key or known.name == key


def test_each_name_means_one_thing() -> None:
    """Of all keys, names in files and spellings; two terms may share a symbol, as AUC is one."""
    for names in (
        [name for each in TERMS for name in _names(each)],
        [spelling for each in TERMS for spelling in each.spellings],
        [each.anchor for each in TERMS],
    ):
        assert sorted(names) == sorted(set(names))
    assert {each.group for each in TERMS} == set(GROUPS)


def _names(each: Term) -> set[str]:
    return {name.lower() for name in (each.key, each.name, *each.others)}


@pytest.mark.parametrize("each", TERMS, ids=lambda each: each.key)
def test_a_meaning_is_a_sentence_or_two_that_does_not_use_its_own_word(each: Term) -> None:
    assert each.meaning[0].isupper()
    assert each.meaning.endswith(".")
    assert len(each.meaning) <= 200
    assert not re.search(rf"\b{re.escape(each.name)}\b", each.meaning.partition(":")[0])
    assert re.fullmatch(r"term-[a-z0-9-]+", each.anchor)


def test_first_uses_are_found_once_and_never_within_a_word() -> None:
    text = "Analogit has no logit. The logits, moving averages, g_fcd and FCD; a moving average."
    found = [(text[start:end], known.key) for start, end, known in first_uses(text)]
    assert found == [("logit", "logit"), ("FCD", "fcd"), ("moving average", "ema")]
    assert [known.key for *_, known in first_uses(text, seen=["logit", "ema"])] == ["fcd"]


@given(st.text(alphabet="aglotifcdFCD AUC|R²-_", max_size=40))
def test_first_uses_lie_within_the_text_in_order(text: str) -> None:
    end = 0
    for start, stop, known in first_uses(text):
        assert end <= start < stop <= len(text)
        assert text[start:stop] in known.spellings
        end = stop


def test_a_layer_is_named_by_its_place_and_size() -> None:
    layers = ("layers.0", "layers.2")
    assert layer_name("layers.0", layers, (14, 14)) == "1st convolution, 14 × 14"
    assert layer_name("block", layers) == "block"
    assert kind_name("hirescam G layers.2", {"D": ("layers.2",), "G": layers}) == (
        "HiResCAM within G, 2nd convolution"
    )
    assert kind_name("lime") == "LIME"
    assert kind_name("my own kind") == "my own kind"


def test_places_are_written_as_english_does() -> None:
    endings = {11: "th", 12: "th", 13: "th", 21: "st", 22: "nd", 23: "rd", 111: "th", 101: "st"}
    assert {number: ordinal(number)[len(str(number)) :] for number in endings} == endings


def test_what_is_watched_in_training_is_explained_by_its_rule() -> None:
    assert term("collapse") is not None
    assert "collapse" in RULES


def test_the_documentation_has_the_same_words() -> None:
    page = ROOT / "docs" / "glossary.md"
    assert page.read_text() == as_markdown(), (
        "python -m ganatomy.report.glossary > docs/glossary.md"
    )
