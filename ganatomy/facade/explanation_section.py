"""What `ganatomy.explain` found, as pictures and as a section of a page of its own."""

from pathlib import Path

from ganatomy.explain.faithfulness.verdict import RULES
from ganatomy.facade.explanation import Explanation, Maps
from ganatomy.report.figures.attribution_sheet import attribution_sheet
from ganatomy.report.figures.control_chart import control_chart
from ganatomy.report.figures.removal_chart import removal_chart
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png, rows_of
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.maps import maps

_HERE = Path(__file__).parent
_VERDICT = ["method", "faithful", "stable", "sane", "trusted", "why", "refused"]


def sheet(explained: Maps, count: int) -> bytes:
    """Draw the maps of the first images over them, a row for each method, as a PNG file."""
    titles = {name: _title(name) for name in explained.maps}
    return png(
        attribution_sheet(
            explained.images[:count],
            {titles[name]: maps[:count] for name, maps in explained.maps.items()},
            explained.scores[:count],
            notes=None,
            refusals={titles[name]: reasons[:count] for name, reasons in explained.reasons.items()},
        )
    )


def _title(name: str) -> str:
    """The layer above the method; a method that has no layer alone."""
    method, _, layer = name.partition(" ")
    has_layer = bool(layer) and name != "integrated gradients"
    return f"{layer}\n{method}" if has_layer else name.replace(" ", "\n")


def _facts(explanation: Explanation) -> Record:
    trust = explanation.trust()
    return {
        "words": list(explanation.words()),
        "verdict": list(trust.words()),
        "rows": rows_of(trust.table[_VERDICT]),
        "rules": dict(RULES),
        "num_images": trust.num_images,
    }


def _figures(explanation: Explanation) -> dict[str, Figure]:
    examination = explanation.trust().examination
    return {
        **explanation.pictures(),
        "controls": lambda: png(control_chart(examination.measures)),
        "removal": lambda: png(removal_chart(examination.curves)),
    }


def _clauses(explanation: Explanation, gate: Gate) -> list[Clause]:
    table = explanation.trust().table
    return [maps(table.loc[table["trusted"], "method"].tolist(), len(table), gate)]


def _not_kept(folder: Path) -> Explanation:
    raise NotImplementedError(f"an explanation is told from memory, not from {folder}")


EXPLANATION: PageSection[Explanation] = PageSection(
    name="explanation",
    place=0,
    blocks=(
        Block("explanation", "Where does D look?", "looks", _HERE / "explanation_section.html"),
        Block("trust", "Can it be trusted?", "trust", _HERE / "explanation_trust.html"),
    ),
    load=_not_kept,
    facts=_facts,
    figures=_figures,
    alarms=lambda explanation: [each.reason for each in explanation.findings],
    clauses=_clauses,
)
