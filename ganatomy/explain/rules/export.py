"""Rules to take away: as text, HTML, JSON, and a Python function that needs no import."""

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganatomy.errors import REMAKE, InputError
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.records import rule_of, rule_record
from ganatomy.explain.rules.rule import Clause, Condition, Rule

VERSION = "ganatomy.rules/2"
_READABLE = ("ganatomy.rules/1", VERSION)  # the first had no readings
SCHEMA = Path(__file__).with_name("rules.schema.json")
HOLDS, ELSE = "holds", "does not hold"
"""What is said of an image where nothing else is given to be said."""


def as_text(rule: Rule, *, says: str = HOLDS, otherwise: str = ELSE) -> str:
    """Write a rule as a sentence.

    Examples
    --------
    >>> rule = Rule(((Condition("contrast", False, 0.31),),))
    >>> as_text(rule, says="D says fake", otherwise="D says real")
    'D says fake where contrast ≤ 0.31; else D says real'
    """
    if _is_constant(rule):
        return f"{says if rule.clauses else otherwise}, always"
    return f"{says} where {rule}; else {otherwise}"


def as_html(rule: Rule, *, says: str = HOLDS, otherwise: str = ELSE) -> Markup:
    """Write a rule as a paragraph, or with several clauses as a list of them.

    Nothing in it is taken for markup: names of concepts may be anything.

    Examples
    --------
    >>> print(as_html(Rule(((Condition("holes", True, 1.0),),)), says="fake", otherwise="real"))
    <p>fake where <code>holes</code> &gt; 1; else real</p>
    """
    if _is_constant(rule):
        return Markup("<p>{}</p>").format(as_text(rule, says=says, otherwise=otherwise))
    clauses = [_clause_html(clause) for clause in rule.clauses]
    if len(clauses) == 1:
        return Markup("<p>{} where {}; else {}</p>").format(says, clauses[0], otherwise)
    lead = Markup("<p>{} where one of these holds; else {}</p>").format(says, otherwise)
    items = Markup("").join(Markup("<li>{}</li>").format(clause) for clause in clauses)
    return lead + Markup("<ul>{}</ul>").format(items)


def _is_constant(rule: Rule) -> bool:
    return not rule.clauses or () in rule.clauses


def _clause_html(clause: Clause) -> Markup:
    return Markup(" and ").join(_condition_html(each) for each in clause)


def _condition_html(condition: Condition) -> Markup:
    comparison = str(condition).removeprefix(condition.concept)
    return Markup("<code>{}</code>{}").format(condition.concept, comparison)


def as_document(
    rules: Mapping[str, Rule],
    *,
    says: Mapping[str, str] | None = None,
    figures: Mapping[str, Mapping[str, float]] | None = None,
    readings: Mapping[str, Mapping[str, Reading]] | None = None,
) -> dict[str, Any]:
    """Give named rules as plain values, as `SCHEMA` describes them.

    Parameters
    ----------
    rules : mapping of str to Rule
    says : mapping of str to str, optional
        What is said where each holds.
    figures : mapping of str to mapping of str to float, optional
        How well each agrees with its network, as of ``Answer.figures``.
    readings : mapping of str to mapping of str to Reading, optional
        Of each rule, how its concepts are read, as of ``Answer.readings``.

    Returns
    -------
    dict
        Thresholds are exact; ``text`` is for people, and shows up to six digits.
    """
    return {
        "schema": VERSION,
        "rules": [
            {
                "name": name,
                "says": (says or {}).get(name, HOLDS),
                "text": str(rule),
                **rule_record(rule),
                "readings": {
                    concept: asdict(each)
                    for concept, each in (readings or {}).get(name, {}).items()
                },
                **({"figures": dict(found)} if (found := (figures or {}).get(name)) else {}),
            }
            for name, rule in rules.items()
        ],
    }


def as_json(
    rules: Mapping[str, Rule],
    *,
    says: Mapping[str, str] | None = None,
    figures: Mapping[str, Mapping[str, float]] | None = None,
    readings: Mapping[str, Mapping[str, Reading]] | None = None,
) -> str:
    """Write `as_document` as JSON."""
    document = as_document(rules, says=says, figures=figures, readings=readings)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> dict[str, Rule]:
    """Read the rules of `as_json`, by name; of the version before as well.

    Raises
    ------
    InputError
        For what is no such JSON, or of another version.
    """
    return {name: rule for name, (rule, _) in with_readings(text).items()}


def with_readings(text: str) -> dict[str, tuple[Rule, dict[str, Reading]]]:
    """Read the rules of `as_json` with how their concepts are read; parameters as of `from_json`.

    Where nothing is said of it, as in the version before, there are no readings.
    """
    try:
        document = json.loads(text)
        version, listed = document["schema"], document["rules"]
        named = {each["name"]: (rule_of(each), _readings(each)) for each in listed}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"no rules: {error}", "text", REMAKE) from error
    if version not in _READABLE:
        raise InputError(f"rules of schema {version!r}", "text", f"This reads {VERSION}.")
    return named


def _readings(record: Mapping[str, Any]) -> dict[str, Reading]:
    return {
        name: Reading(float(each["median"]), int(each.get("steps", 0)))
        for name, each in record.get("readings", {}).items()
    }


def as_python(
    rule: Rule,
    *,
    name: str = "decide",
    says: str = HOLDS,
    readings: Mapping[str, Reading] | None = None,
) -> str:
    """Write a rule as the source of a Python function that needs no import.

    Parameters
    ----------
    rule : Rule
    name : str
        Of the function; what no identifier may have becomes ``_``.
    says : str
        What is said where it holds: the docstring.
    readings : mapping of str to Reading, optional
        How concepts are read: the function then takes raw values, and decides as the study did.

    Returns
    -------
    str
        ``def <name>(concepts: dict) -> bool``: concepts by name, as numbers.

    Examples
    --------
    >>> print(as_python(Rule(((Condition("holes", True, 1.0),),)), says="D says fake"))
    def decide(concepts: dict) -> bool:
        'D says fake'
        return (
            concepts['holes'] > 1.0
        )
    """
    own = {each: (readings or {})[each] for each in rule.concepts if each in (readings or {})}
    lines = [
        " and ".join(_condition_python(each, own) for each in clause) or "True"
        for clause in rule.clauses
    ]
    body = "\n        or ".join(lines) or "False"
    head = f"def {identifier(name)}(concepts: dict) -> bool:\n    {says!r}"
    return f"{head}{_READ if own else ''}\n    return (\n        {body}\n    )"


_READ = """

    def read(value: float, median: float, steps: int) -> float:
        'The median where it is undefined; rounded to 1 / steps, where there are steps.'
        known = value if value - value == 0 else median
        return round(known * steps) / steps if steps else known
"""


def _condition_python(condition: Condition, readings: Mapping[str, Reading]) -> str:
    sign, value = ">" if condition.is_above else "<=", f"concepts[{condition.concept!r}]"
    if (how := readings.get(condition.concept)) is not None:
        value = f"read({value}, {how.median!r}, {how.steps!r})"
    return f"{value} {sign} {condition.threshold!r}"


def identifier(name: str) -> str:
    """Make a Python identifier of any text.

    Examples
    --------
    >>> identifier("direction:3"), identifier("3rd"), identifier("class"), identifier("")
    ('direction_3', '_3rd', 'class_', '_')
    """
    plain = re.sub(r"[^0-9A-Za-z_]", "_", name)
    plain = plain if plain.isidentifier() else f"_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) else plain
