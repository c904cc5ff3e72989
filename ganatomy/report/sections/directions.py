"""What G has learned to vary: directions of its latents, as strips of images."""

from functools import partial
from pathlib import Path

from ganatomy.explain.directions.found_again import STEP
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.walks import STEPS
from ganatomy.marking import GENERATED
from ganatomy.report.figures.direction_curves import history_chart, judged_chart
from ganatomy.report.figures.direction_strip import direction_strip
from ganatomy.report.sections import directions_judged as judged
from ganatomy.report.sections import directions_words as words
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.wording import signed

_LABELS = tuple("as it is" if step == 0 else signed(step, 0) for step in STEPS)


def _numbers(study: DirectionsStudy) -> list[int]:
    """The directions that are shown: those that stand out, or else the first."""
    return [n for n in range(1, len(study.changes) + 1) if study.stands_out(n)] or [1]


def _facts(study: DirectionsStudy) -> Record:
    rows = rows_of(study.changes)
    for row in rows:
        number = int(row["direction"])
        row["name"] = words.name_of(study, number)
        row["steady"] = words.steadiness(study, number)
    methods = [
        {**row, "label": words.METHOD_NAMES[row["method"]]} for row in rows_of(study.methods)
    ]
    return {
        "directions": {
            "finding": words.finding(study),
            "method": words.why_this_method(study),
            "rows": rows,
            "methods": methods,
            "num_latents": study.num_latents,
            "judged": judged.judged_rows(study),
            "features": study.features,
            "purity_of_random": judged.purity_of_random(study),
            "by_chance": judged.cosine_by_chance(study),
            "left_out": judged.left_out(study),
            "classes": judged.class_rows(study),
        }
    }


def _figures(study: DirectionsStudy) -> dict[str, Figure]:
    return _strips(study) | _charts(study)


def _charts(study: DirectionsStudy) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    numbers, steps = _numbers(study), study.again(STEP)
    if panels := judged.judge_panels(study):
        found["judges"] = Picture(
            lambda: png(judged_chart(study.courses, panels, numbers)),
            judged.of_judges(study),
            "What is gained on the way, each latent against itself unmoved, with 95 % intervals "
            "over latents; grey: random directions of the same length, both ways.",
            source="directions/courses.csv",
            narrow=True,
        )
    if len(steps):
        found["history"] = Picture(
            lambda: png(history_chart(steps, judged.HISTORY_PANELS, numbers)),
            judged.of_history(study),
            "First: directions that the same method finds at each step, matched one to one with "
            "these. Second: what a step along these very directions changed then, beside now. "
            "Dashed: random directions.",
            source="directions/found_again.csv",
            narrow=True,
        )
    return found


def _strips(study: DirectionsStudy) -> dict[str, Figure]:
    return {
        _strip_name(number): Picture(
            partial(lambda strip: png(direction_strip(strip, _LABELS)), study.strips[number - 1]),
            words.title(study, number),
            words.caption(study, number, is_first=place == 0),
            source="directions/directions.safetensors",
            kind="pixels",
            key="directions",
            step=number,
            mark=GENERATED,
            narrow=True,
        )
        for place, number in enumerate(_numbers(study))
    }


def _strip_name(number: int) -> str:
    return f"direction_{number:02d}"


def _summary(study: DirectionsStudy) -> list[str]:
    return [words.finding(study)]


SECTION = PageSection(
    name="directions",
    place=28,
    blocks=(
        Block(
            "directions",
            "What has G learned to vary?",
            "looks",
            Path(__file__).with_name("directions.html"),
        ),
    ),
    load=DirectionsStudy.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
    of_adopted=True,
)
