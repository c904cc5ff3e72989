"""Exports say what the rule says: read back, run, or read by people."""

import json
from typing import Any

import jsonschema
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.explain.rules.export import (
    SCHEMA,
    VERSION,
    as_document,
    as_html,
    as_json,
    as_python,
    as_text,
    from_json,
    identifier,
    with_readings,
)
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

THIN, HOLES = Condition("thickness", False, 1 / 3), Condition("holes", True, 1.0)
RULE = Rule(((THIN, HOLES), (~HOLES,)))
NEVER, ALWAYS = Rule(()), Rule(((), (THIN,)))
NASTY = "a\"b'c\\n\n<script>&"
names = st.sampled_from(["plain", "two words", NASTY, "import os", "ключ"])
conditions = st.builds(Condition, names, st.booleans(), st.floats(-1e3, 1e3))
rules = st.builds(
    lambda clauses: Rule(tuple(map(tuple, clauses))),
    st.lists(st.lists(conditions, max_size=3), max_size=3),
)


def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_sentence() -> None:
    said = {"says": "D says fake", "otherwise": "D says real"}
    assert as_text(RULE, **said) == (
        "D says fake where (thickness ≤ 0.3333 and holes > 1) or holes ≤ 1; else D says real"
    )
    assert as_text(NEVER, **said) == "D says real, always"
    assert as_text(ALWAYS, **said) == "D says fake, always"


def test_html_takes_nothing_for_markup() -> None:
    html = as_html(Rule(((Condition(NASTY, True, -2.0), HOLES),)), says="<b>", otherwise="&")
    assert html.count("<script>") == html.count("<b>") == 0
    assert (
        html.unescape()
        == f"<p><b> where <code>{NASTY}</code> > −2 and <code>holes</code> > 1; else &</p>"
    )
    assert as_html(RULE).count("<li>") == 2
    assert as_html(NEVER) == "<p>does not hold, always</p>"


@given(rules, st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_function_decides_as_the_rule_does(rule: Rule, values: list[float]) -> None:
    found: dict[str, Any] = {}
    exec(
        as_python(rule, name="class", says=NASTY),
        {"__builtins__": {"dict": dict, "bool": bool}},
        found,
    )
    concepts = dict(zip(["plain", "two words", NASTY, "import os", "ключ"], values))
    table = ConceptTable(tuple(concepts), ("",) * 5, torch.tensor([values], dtype=torch.float64))
    decided = found["class_"](concepts)
    assert decided is bool(rule.holds(table)[0])
    assert found["class_"].__doc__ == NASTY


@given(
    rules,
    st.lists(st.floats(-2, 2) | st.sampled_from([float("nan"), 0.5, 1.5]), min_size=5, max_size=5),
    st.floats(-2, 2),
    st.sampled_from([0, 10, 255]),
)
@settings(max_examples=60, deadline=None)
def test_the_function_reads_raw_values_as_the_study_does(
    rule: Rule, values: list[float], median: float, steps: int
) -> None:
    """As torch rounds them: the median where one is undefined, then steps."""
    known = ["plain", "two words", NASTY, "import os", "ключ"]
    raw = torch.tensor([values], dtype=torch.float64)
    read = torch.where(raw.isfinite(), raw, median)
    read = (read * steps).round() / steps if steps else read
    table = ConceptTable(tuple(known), ("",) * 5, read)
    found: dict[str, Any] = {}
    source = as_python(rule, readings=dict.fromkeys(known, Reading(median, steps)))
    builtins = {"dict": dict, "bool": bool, "float": float, "int": int, "round": round}
    exec(source, {"__builtins__": builtins}, found)
    assert found["decide"](dict(zip(known, values))) is bool(rule.holds(table)[0])
    assert [Reading(median, steps).of(value) for value in values] == read[0].tolist()


def test_readings_are_read_back_and_rules_of_the_version_before_too() -> None:
    how = {"real": {"thickness": Reading(1 / 3, 255)}}
    text = as_json({"real": RULE}, readings=how)
    _validator().validate(json.loads(text))
    assert with_readings(text) == {"real": (RULE, how["real"])}
    document = json.loads(text)
    del document["rules"][0]["readings"]
    before = json.dumps({**document, "schema": "ganatomy.rules/1"})
    assert with_readings(before) == {"real": (RULE, {})}
    assert from_json(before) == {"real": RULE}


@given(rules)
@settings(max_examples=40, deadline=None)
def test_the_function_decides_alike_on_its_thresholds(rule: Rule) -> None:
    """Not only near them: what is not above is below or on it."""
    thresholds = {each.concept: each.threshold for clause in rule.clauses for each in clause}
    values = torch.tensor([list(thresholds.values())], dtype=torch.float64)
    table = ConceptTable(tuple(thresholds), ("",) * len(thresholds), values)
    found: dict[str, Any] = {}
    exec(as_python(rule), {"__builtins__": {"dict": dict, "bool": bool}}, found)
    assert found["decide"](thresholds) is bool(rule.holds(table)[0])


@given(st.dictionaries(names, rules))
@settings(max_examples=40, deadline=None)
def test_json_fits_its_schema_and_is_read_back(named: dict[str, Rule]) -> None:
    text = as_json(named, says={"plain": "D says fake"})
    _validator().validate(json.loads(text))
    assert from_json(text) == named


def test_the_schema_is_of_this_version_and_refuses_less() -> None:
    document = as_document({"real": RULE})
    assert document["schema"] == VERSION == json.loads(SCHEMA.read_text())["$id"]
    assert document["rules"][0]["text"] == str(RULE)
    del document["rules"][0]["clauses"][0][0]["threshold"]
    with pytest.raises(jsonschema.ValidationError, match="threshold"):
        _validator().validate(document)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no rules"),
        ("[]", "no rules"),
        ('{"schema": "ganatomy.rules/1"}', "'rules'"),
        ('{"schema": "ganatomy.rules/3", "rules": []}', "'ganatomy.rules/3'"),
        ('{"schema": "ganatomy.rules/1", "rules": [{"name": "a"}]}', "clauses"),
    ],
)
def test_other_json_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        from_json(text)


@given(st.text())
def test_any_name_becomes_an_identifier(name: str) -> None:
    assert identifier(name).isidentifier()
    compile(as_python(RULE, name=name), "rule", "exec")
