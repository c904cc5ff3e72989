"""What `ganatomy.explain` found, as pictures and as a section of a page of its own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from ganatomy.explain.faithfulness.verdict import RULES
from ganatomy.explain.networks.layers import layers_of
from ganatomy.facade.explanation import Explanation, Maps
from ganatomy.marking import MIXED, Mark, marked, of_others
from ganatomy.report.figures.attribution_sheet import attribution_sheet
from ganatomy.report.figures.control_chart import control_chart
from ganatomy.report.figures.map_sheet import MapRow, map_sheet
from ganatomy.report.figures.removal_chart import removal_chart
from ganatomy.report.sections import faithfulness_words as words
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
)
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.maps import maps
from ganatomy.wording import listed

_HERE = Path(__file__).parent
_SHOWN = 6  # images of a picture on the page
_SAME = 1e-4  # of images in [-1, 1] that were made in batches of other sizes
OF_G = of_others(MIXED)  # of whichever generator was given
_COLOURS = (
    "Red raises D’s logit, blue lowers it; the strongest colours of a row stand for the number "
    "beside its name. Above each image: D’s logit of it. Where a map cannot mean anything, the "
    "reason stands in its place."
)


def sheet(explained: Maps, count: int, mark: Mark | None = None) -> bytes:
    """Draw the maps of the first images over them, a row for each method, as a PNG file.

    Parameters
    ----------
    explained : Maps
    count : int
    mark : Mark, optional
        What the file says where a generator made the images.
    """
    titles = {name: _title(name) for name in explained.maps}
    drawn = png(
        attribution_sheet(
            explained.images[:count],
            {titles[name]: maps[:count] for name, maps in explained.maps.items()},
            explained.scores[:count],
            notes=None,
            refusals={titles[name]: reasons[:count] for name, reasons in explained.reasons.items()},
        )
    )
    return drawn if mark is None else marked(drawn, mark)


def mark_of_d(explanation: Explanation) -> Mark | None:
    """Mark the maps of D where its images are those that the generator makes."""
    of_g = explanation.of_g
    images = explanation.of_d.images
    is_of_g = (
        of_g is not None
        and of_g.images.shape == images.shape
        and torch.allclose(of_g.images, images, atol=_SAME)
    )
    return OF_G if is_of_g else None


def _title(name: str) -> str:
    """The layer above the method; a method that has no layer alone."""
    method, _, layer = name.partition(" ")
    has_layer = bool(layer) and name != "integrated gradients"
    return f"{layer}\n{method}" if has_layer else name.replace(" ", "\n")


def _kinds(explanation: Explanation) -> Kinds:
    asked = explanation.asked
    layers = layers_of(asked.discriminator, asked.images).convolutions
    return Kinds(explanation.trust().table, {}, {"D": layers})


def _facts(explanation: Explanation) -> Record:
    trust, kinds = explanation.trust(), _kinds(explanation)
    passing = [kind for kind in explanation.of_d.maps if not kinds.stamp(kind)]
    return {
        "words": list(explanation.words()),
        "passing": [kinds.name(kind) for kind in passing],
        "verdict": list(trust.words()),
        "asks": words.ASKS,
        "rows": words.outcomes(trust.examination.measures, kinds),
        "rules": dict(RULES),
    }


def _figures(explanation: Explanation) -> dict[str, Figure]:
    trust, kinds, of_d = explanation.trust(), _kinds(explanation), explanation.of_d
    passing = [kind for kind in of_d.maps if not kinds.stamp(kind)]
    failing = [kind for kind in of_d.maps if kinds.stamp(kind)]
    mark = mark_of_d(explanation)
    figures: dict[str, Figure] = {}
    if passing:
        figures["D"] = Picture(
            partial(_sheet, of_d, passing, kinds),
            title=f"What moves D’s logit, by {listed([kinds.name(kind) for kind in passing])}",
            caption=f"The first images, and the maps that passed every test. {_COLOURS}",
            kind="pixels",
            mark=mark,
        )
    if failing:
        figures["failing"] = Picture(
            partial(_sheet, of_d, failing, kinds),
            title=f"Not to be relied on: {listed([kinds.name(kind) for kind in failing])}",
            alt="; ".join(f"{kinds.name(kind)}: {kinds.stamp(kind)}" for kind in failing),
            caption=f"Above each row stands why it is not to be relied on. {_COLOURS}",
            kind="pixels",
            mark=mark,
        )
    if (of_g := explanation.of_g) is not None and of_g.maps:
        figures["G"] = Picture(
            partial(_sheet, of_g, [*of_g.maps], Kinds(trust.table.iloc[:0], {})),
            title="Not to be relied on: maps within G, which were not put to the tests",
            caption=f"Which places of G’s last layer raise D’s logit of its image. {_COLOURS}",
            kind="pixels",
            mark=OF_G,
        )
    named = trust.examination.measures.assign(
        method=trust.examination.measures["method"].map(kinds.name)
    )
    curves = trust.examination.curves
    figures["controls"] = Picture(
        lambda: png(control_chart(named)),
        title=words.controlled(trust.table),
        caption="How much better each kind of map foretells what removing pixels does to D’s logit "
        "than a random map, an edge detector, and the same kind’s map of another image; right of "
        "0 it is better. Lines are 95 % intervals. The edge detector is not judged.",
    )
    figures["removal"] = Picture(
        lambda: png(removal_chart(curves.assign(method=curves["method"].map(kinds.name)))),
        title=words.best_removal(trust.examination.measures),
        caption="D’s logit while pixels are hidden (deletion), or shown (insertion), those first "
        "that the map ranks highest; beside it the same in the order of the controls.",
    )
    return figures


def _sheet(explained: Maps, which: Sequence[str], kinds: Kinds) -> bytes:
    images = explained.images[:_SHOWN]
    rows = [
        MapRow(
            kinds.name(kind),
            explained.maps[kind][:_SHOWN],
            explained.reasons[kind][:_SHOWN],
            kinds.stamp(kind),
        )
        for kind in which
    ]
    return png(map_sheet(images, rows, explained.scores, groups=[("images", len(images))]))


def _not_kept(folder: Path) -> Explanation:
    raise NotImplementedError(f"an explanation is told from memory, not from {folder}")


def _clauses(explanation: Explanation, gate: Gate) -> list[Clause]:
    table, kinds = explanation.trust().table, _kinds(explanation)
    trusted = [kinds.name(kind) for kind in table.loc[table["trusted"], "method"]]
    return [maps(trusted, len(table), gate)]


EXPLANATION: PageSection[Explanation] = PageSection(
    name="explanation",
    place=0,
    blocks=(
        Block("explanation", "Where does D look?", "looks", _HERE / "explanation_section.html"),
        Block("trust", "How far can maps be trusted?", "trust", _HERE / "explanation_trust.html"),
        Block(
            "failing",
            "Maps that are not to be relied on",
            "appendix",
            _HERE / "explanation_failing.html",
        ),
    ),
    load=_not_kept,
    facts=_facts,
    figures=_figures,
    alarms=lambda explanation: [each.reason for each in explanation.findings],
    clauses=_clauses,
)
