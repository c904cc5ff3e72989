"""The page's twin for programs: it fits its schema, and no number of the page is missing in it."""

import json
import math
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import jsonschema
import numpy as np
import pytest

from ganatomy.files import json_bytes
from ganatomy.report.environment import number, percent
from ganatomy.report.numbering import Numbering
from ganatomy.report.page import render_page
from ganatomy.report.parts import Absence
from ganatomy.report.twin import SCHEMA, VERSION, Record, as_plain, twin_of
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.verdict import Verdict
from tests.pages import unexplained
from tests.unit.report.page_facts import PICTURES, facts, frame_of, parts_of

NUMBER = re.compile(r"(?<![\w.#])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)")
_FIXED = {"95", "-1"}  # in sentences of templates: the level of intervals, the range of images
_ABSENT = Absence("retrain", "", "1717 planted reasons")


def _verdict() -> Verdict:
    checks = (
        Check.at_least("precision", 0.81234, 0.7),
        Check.at_most("classes missing", 3.0, 0.0),
        Check.at_least("not measured", None, 0.31),
    )
    words = {answer: f"41 of 43: {answer}." for answer in ("yes", "no", "unknown")}
    clause = Clause.judged("works", checks, words, "works")  # type: ignore[arg-type]
    return Verdict.of([clause], Gate())


def both(given: dict[str, Any]) -> tuple[str, Record]:
    parts, figures = parts_of(given, PICTURES), Numbering()
    around = (frame_of(given), parts, [_ABSENT])
    page = render_page(*around, verdict=_verdict(), figures=figures)
    return page, twin_of(*around, _verdict(), figures)


def _visible(page: str) -> str:
    """What a reader sees, but for the glossary, whose words no result changes."""
    body = page.partition("<body>")[2]
    body = re.sub(r'<section id="glossary">.*?</section>', "", body, flags=re.S)
    body = re.sub(r"<footer>.*?</footer>", "", body, flags=re.S)
    return unescape(re.sub(r"<[^>]*>", " ", body))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _written(value: float) -> set[str]:
    """A number in each way in which the page writes one."""
    ways = {number(value), percent(value), str(value)}
    ways |= {f"{value:+.3g}", f"{value:,.3g}", f"{value:+,.2g}"}  # an effect; a check, its margin
    return {way.removesuffix("\N{NO-BREAK SPACE}%") for way in ways}


def known_numbers(twin: Record) -> set[str]:
    """All numbers of a twin: as the page writes them, and those within its texts."""
    known: set[str] = set()
    for leaf in _leaves(twin):
        if isinstance(leaf, str):
            known.update(NUMBER.findall(leaf))
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
            known.update(_written(leaf))
    return known


def _missing(page: str, twin: Record) -> set[str]:
    known = known_numbers(twin) | _FIXED
    return {found for found in NUMBER.findall(_visible(page)) if found not in known}


def test_every_number_of_the_page_is_in_its_twin() -> None:
    page, twin = both(facts())
    assert not _missing(page, twin)
    assert len(NUMBER.findall(_visible(page))) > 200


def _without(twin: Record, *path: Any) -> Record:
    kept = json.loads(json.dumps(twin))
    inner = kept
    for key in path[:-1]:
        if isinstance(inner, list):  # by the name of a section
            inner = {each["name"]: each for each in inner}
        inner = inner[key]
    del inner[path[-1]]
    return kept


@pytest.mark.parametrize(
    ("lost", "is_missed"),
    [
        (("verdict", "clauses"), {"0.812", "+0.11", "-3"}),
        (("absent",), {"1717"}),
        (("sections", "evaluate", "facts"), {"0.52", "52.0", "95.0"}),
        (("sections", "importance", "facts"), {"0.021", "+60", "2.3"}),
        (("sections", "prepare", "facts"), {"1,234", "33.3"}),
    ],
)
def test_a_number_that_the_twin_lacks_would_be_missed(
    lost: tuple[Any, ...], is_missed: set[str]
) -> None:
    page, twin = both(facts())
    found = _missing(page, _without(twin, *lost))
    assert is_missed <= found


def _check_schema(value: Any) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(value)


def test_a_twin_fits_its_schema() -> None:
    _, twin = both(facts())
    assert twin["schema"] == VERSION == json.loads(SCHEMA.read_text())["$id"]
    _check_schema(json.loads(json_bytes(twin)))
    twin["verdict"]["outcome"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError, match="perhaps"):
        _check_schema(twin)


def test_figures_have_the_numbers_and_places_of_the_page() -> None:
    page, twin = both(facts())
    shown = [figure for section in twin["sections"] for figure in section["figures"]]
    bare = unexplained(page)
    on_page = re.findall(r'<figure id="([^"]+)".*?<b>Figure (\d+)\.</b> ([^<]*)<', bare, re.S)
    assert len(on_page) > 20
    told = sorted((each["number"], each["anchor"], each["title"]) for each in shown)
    assert told == [(int(number), anchor, title) for anchor, number, title in on_page]
    assert all(
        f'id="{block["anchor"]}"' in page for each in twin["sections"] for block in each["blocks"]
    )


def test_what_was_not_measured_is_null() -> None:
    given = {"a": math.nan, "b": [np.float32(math.inf), np.int64(3)], 4: (True, None, "x")}
    assert as_plain(given) == {"a": None, "b": [None, 3], "4": [True, None, "x"]}
    assert as_plain(np.array([[0.5, math.nan]])) == [[0.5, None]]
    with pytest.raises(TypeError, match="set is no plain value"):
        as_plain({"a": {1}})
