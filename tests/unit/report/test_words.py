"""Words that people have written stay where they were put."""

import unicodedata

import pytest
from markupsafe import Markup, escape

from ganatomy.report.words import coded, isolated, plain, shown, visible

HEBREW, ARABIC = "\u05d0\u05d1", "\u0642\u0637"
CONTROLS = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *(0x200E, 0x200F, 0x061C, 0x200B, 0xFEFF, 0x2028, 0x2029, 0x00AD),
    *(0x00, 0x07, 0x08, 0x0D, 0x1B, 0x7F, 0x85, 0xD800),
]


@pytest.mark.parametrize("number", CONTROLS, ids=hex)
def test_control_characters_are_made_visible(number: int) -> None:
    text = f"a{chr(number)}b"
    for found in (visible(text), isolated(text), plain(text), shown(text), shown([text])):
        assert chr(number) not in found
    assert visible(text) == f"a[U+{number:04X}]b"


@pytest.mark.parametrize(
    "text",
    [
        "cat",
        "",
        "Katze, Gr\u00f6\u00dfe \u00d7 3",
        "\u732b",
        "a\tb\nc",
        "<b>&",
        "\U0001f468\u200d\U0001f467",
    ],
)
def test_what_runs_from_left_to_right_is_left_as_it_is(text: str) -> None:
    assert isolated(text) == text
    assert not isinstance(isolated(text), Markup)  # so it is still escaped
    assert plain(text) == escape(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEBREW, f"<bdi>{HEBREW}</bdi>"),
        (f"{HEBREW} 12", f"<bdi>{HEBREW} 12</bdi>"),
        (f"{HEBREW}, {ARABIC}", f"<bdi>{HEBREW}, {ARABIC}</bdi>"),
        (f"not {HEBREW}, {ARABIC}.", f"<bdi>not <bdi>{HEBREW}</bdi>, <bdi>{ARABIC}</bdi>.</bdi>"),
        (f"of {HEBREW} {ARABIC} 3 x", f"<bdi>of <bdi>{HEBREW} {ARABIC}</bdi> 3 x</bdi>"),
        (f"<b>{HEBREW}", f"<bdi>&lt;b&gt;<bdi>{HEBREW}</bdi></bdi>"),
        (f"<{HEBREW}>", f"<bdi>&lt;{HEBREW}&gt;</bdi>"),
        ("\u0661\u0662", "<bdi>\u0661\u0662</bdi>"),
        (f"\u202e{HEBREW}", f"<bdi>[U+202E]<bdi>{HEBREW}</bdi></bdi>"),
    ],
)
def test_what_runs_from_right_to_left_is_isolated(text: str, expected: str) -> None:
    assert isolated(text) == expected


def test_nothing_is_lost_or_reordered() -> None:
    text = f"a {HEBREW}-{ARABIC}: {HEBREW} 12 b"
    assert Markup(isolated(text)).striptags() == text


def test_a_title_is_isolated_without_markup() -> None:
    assert plain(f"a {HEBREW}") == f"\u2068a {HEBREW}\u2069"
    assert unicodedata.name("\u2068") == "FIRST STRONG ISOLATE"
    assert unicodedata.name("\u2069") == "POP DIRECTIONAL ISOLATE"


def test_values_that_are_no_text_are_left_as_they_are() -> None:
    markup = Markup("<i>\u202e</i>")
    for value in (1, 2.5, None, True, markup):
        assert shown(value) is value
    assert shown([HEBREW]) == f"<bdi>[&#39;{HEBREW}&#39;]</bdi>"
    assert shown({"a": HEBREW}) == f"<bdi>{{&#39;a&#39;: &#39;<bdi>{HEBREW}</bdi>&#39;}}</bdi>"


def test_what_stands_between_backticks_is_code_and_nothing_else_is() -> None:
    assert coded("say `a < b`: <b>") == "say <code>a &lt; b</code>: &lt;b&gt;"
    assert coded("one ` alone <b>") == "one ` alone <b>"
    assert not isinstance(coded("one ` alone <b>"), Markup)  # escaped by the page
    assert "<bdi>" in coded("the file `\u05d0.pt`")
