"""Tables have heads, and words are explained once, where text uses them first."""

import re
from html import unescape

import pytest
from markupsafe import escape

from ganatomy.report.glossary import glossary
from ganatomy.report.markup import with_heads, with_labels, with_terms
from tests.unit.report.page_facts import PICTURES, facts, render_whole


def test_a_first_row_of_headings_becomes_the_head() -> None:
    rest = '<tr><th scope="row">c</th><td>1</td></tr></table>'
    table = "<table>\n <tr><th>a</th><th id='b'>b</th></tr>" + rest.replace(' scope="row"', "")
    head = '<thead><tr><th scope="col">a</th><th scope="col" id=\'b\'>b</th></tr></thead>'
    assert with_heads(table) == f"<table>\n {head}{rest}"
    assert with_heads(with_heads(table)) == with_heads(table)


def test_two_rows_of_headings_are_one_head() -> None:
    table = "<table><tr><th>a</th></tr> <tr><th>b</th></tr><tr><td>c</td></tr></table>"
    assert with_heads(table).count('<th scope="col">') == 2
    assert with_heads(table).partition("</thead>")[2] == "<tr><td>c</td></tr></table>"


def test_rows_that_begin_with_their_name_have_no_head() -> None:
    table = "<table><tr><th>commit</th><td>1</td></tr><tr><th>device</th><td>cpu</td></tr></table>"
    assert with_heads(table) == table.replace("<th>", '<th scope="row">')


def test_a_scope_that_is_given_stays() -> None:
    table = '<table><tr><th class="x" scope="colgroup">a</th></tr></table>'
    assert with_heads(table).count("scope=") == 1
    assert '<th class="x" scope="colgroup">' in with_heads(table)


def test_each_cell_of_a_table_of_few_columns_is_labelled() -> None:
    row = '<tr><th scope="row">x</th><td class="figure">1</td><td>yes</td></tr>'
    explained = '<a href="#b"><abbr title="&gt;">b</abbr></a> <code>c</code>'
    head = f'<tr><th>a</th><th>{explained}</th><th>"d"</th></tr>'
    html = with_labels(with_heads(f"<table>{head}{row}</table>"))
    labelled = row.replace("<td class", '<td data-label="b c" class')
    labelled = labelled.replace("<td>", '<td data-label="&quot;d&quot;">')
    assert html.startswith('<table class="stacks">')
    assert html.partition("</thead>")[2] == f"{labelled}</table>"


@pytest.mark.parametrize(
    "table",
    [
        f"<table><tr>{'<th>a</th>' * 7}</tr><tr>{'<td>1</td>' * 7}</tr></table>",
        "<table><tr><th>a</th></tr><tr><th>b</th></tr><tr><td>1</td></tr></table>",
        '<table><tr><th colspan="2">a</th></tr><tr><td>1</td><td>2</td></tr></table>',
        "<table><tr><th>commit</th><td>1</td><td>2</td></tr></table>",
    ],
)
def test_wide_tables_and_those_without_one_heading_for_each_column_stay(table: str) -> None:
    assert with_labels(with_heads(table)) == with_heads(table)


def test_names_and_values_stand_below_each_other_without_a_label() -> None:
    table = with_heads("<table><tr><th>commit</th><td>1</td></tr></table>")
    assert with_labels(table) == table.replace("<table", '<table class="stacks"')


def test_the_answers_of_the_page_have_their_labels() -> None:
    html = render_whole(facts(), PICTURES)
    for label in ("what it says", "measured", "holds", "sane", "why not"):
        assert f'data-label="{label}"' in html


def test_every_heading_of_the_page_says_of_what() -> None:
    html = render_whole(facts(), PICTURES)
    headings = re.findall(r"<th[\s>][^>]*>?", html)
    assert len(headings) > 50
    assert all(re.search(r'\bscope="(col|row|colgroup)"', heading) for heading in headings)
    for table in re.findall(r"<table.*?</table>", html, re.S):
        assert table.count('scope="col"') == table.partition("</thead>")[0].count('scope="col"')


def test_a_term_is_explained_once_and_no_text_changes() -> None:
    seen: set[str] = set()
    text = "<p>A logit here, a logit there.</p><p>One more logit.</p>"
    html = with_terms(text, seen)
    word = f'<abbr title="{escape(glossary()["logit"].meaning)}">logit</abbr>'
    assert html == text.replace("logit", f'<a class="term" href="#term-logit">{word}</a>', 1)
    assert seen == {"logit"}
    assert with_terms(text, seen) == text


@pytest.mark.parametrize(
    "html",
    [
        '<img alt="a logit"><i title="logit" class=logit>x</i>',
        "<code>logit</code><bdi>logit</bdi><a href='#logit'>logit</a>",
        "<h2>The logit</h2><summary><b>logit</b></summary>",
        "<code>a <b>b</b> logit</code>",
        "&logit; logits&colon",
    ],
)
def test_what_is_not_running_text_stays(html: str) -> None:
    assert with_terms(html, {"discriminator"} | (set() if "<" in html else {"logit"})) == html


@pytest.mark.parametrize("name", ["<logit>", "\"logit'", "&logit;", "&#39;logit&#39;", "lo<b>git"])
def test_hostile_names_stay_text(name: str) -> None:
    html = with_terms(f"<p>{escape(name)} is a logit.</p>", set())
    assert "<script" not in html
    assert unescape(re.sub(r"</?(?:p|a|abbr)(?: [^>]*)?>", "", html)) == f"{name} is a logit."
    assert html.count("<abbr") == 1


def test_the_page_explains_each_term_once_and_has_it_in_its_glossary() -> None:
    html = render_whole(facts(), PICTURES)
    titles = re.findall(r'<abbr title="([^"]*)">', html)
    assert len(titles) == len(set(titles)) > 10
    listed = re.findall(r'<dt id="(term-[^"]+)">[^<]*</dt><dd>([^<]*)</dd>', html)
    assert sorted(words for _, words in listed) == sorted(titles)
    assert {anchor for anchor, _ in listed} <= {term.anchor for term in glossary().values()}


def test_each_explained_word_leads_to_its_entry() -> None:
    """Where nothing rests on a word, as on a phone, its meaning is a step away; on paper, too."""
    html = render_whole(facts(), PICTURES)
    links = re.findall(r'<a class="term" href="#([^"]+)"><abbr title="([^"]*)">', html)
    assert len(links) == html.count("<abbr") > 10
    entries = dict(re.findall(r'<dt id="([^"]+)">[^<]*</dt><dd>([^<]*)</dd>', html))
    assert dict(links) == entries
