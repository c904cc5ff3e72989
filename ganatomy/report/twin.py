"""The page for programs: the same facts as plain values, described by a JSON Schema."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganatomy.report.numbering import Numbering, Shown
from ganatomy.report.page import PageFrame
from ganatomy.report.parts import Absence, Part
from ganatomy.report.verdict.verdict import Verdict

VERSION = "ganatomy-report/1"
SCHEMA = Path(__file__).with_name("report.schema.json")
Record = dict[str, Any]


def twin_of(
    frame: PageFrame,
    parts: Sequence[Part],
    absences: Sequence[Absence],
    verdict: Verdict,
    figures: Numbering,
) -> Record:
    """Give what a page says as plain values.

    Parameters
    ----------
    frame, parts, absences, verdict
        What `ganatomy.report.page.render_page` was given.
    figures : Numbering
        What it was given, too: which figures the page shows, and under which numbers.

    Returns
    -------
    dict
        As `SCHEMA` describes it. What was not measured, and what is no finite number, is None.
    """
    said: Record = as_plain(
        {
            "schema": VERSION,
            "title": frame.title,
            "lead": [*(words for part in parts for words in part.lead), *frame.lead],
            "run": frame.run,
            "verdict": verdict.to_record(),
            "sections": [_section(part, figures) for part in parts],
            "absent": [vars(absence) for absence in absences],
            "provenance": frame.provenance,
            "audit": vars(frame.audit) if frame.audit else None,
            "artifacts": frame.artifacts,
            "params": frame.params,
            "packages": frame.packages,
        }
    )
    return said


def _section(part: Part, figures: Numbering) -> Record:
    return {
        "name": part.section.name,
        "title": part.section.title,
        "blocks": [
            {"anchor": block.anchor, "title": block.title, "chapter": block.chapter}
            for block in part.section.blocks
            if block.anchor in figures.blocks
        ],
        "facts": part.facts,
        "figures": [
            _figure(part, each) for each in figures.shown if each.section == part.section.name
        ],
        "alarms": part.alarms,
        "summary": part.summary,
    }


def _figure(part: Part, here: Shown) -> Record:
    told = part.picture(here.name)
    return {
        "number": here.number,
        "anchor": here.anchor,
        "name": here.name,
        "title": told.title,
        "caption": told.caption,
        "alt": told.alt or told.title,
        "source": told.source,
        "sha256": part.hashes.get(told.source),
    }


def as_plain(value: Any) -> Any:
    """Give a value as JSON knows it, NaN and infinities as None.

    Raises
    ------
    TypeError
        It is neither text, a number, nor a list or mapping of them.

    Examples
    --------
    >>> as_plain({"auc": np.float32(0.5), "sd": float("nan"), "names": ("a", "b")})
    {'auc': 0.5, 'sd': None, 'names': ['a', 'b']}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    raise TypeError(f"{type(value).__name__} is no plain value")
