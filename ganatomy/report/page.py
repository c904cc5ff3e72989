"""Sections in a frame as one self-contained HTML page: no network, no script, all escaped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

import ganatomy
from ganatomy.errors import InputError
from ganatomy.report.audit import Audit
from ganatomy.report.beside import Beside, Key, to_leave_out
from ganatomy.report.environment import template_in
from ganatomy.report.glossary import glossary
from ganatomy.report.image_file import data_url
from ganatomy.report.markup import with_heads, with_labels, with_terms
from ganatomy.report.numbering import Numbering
from ganatomy.report.parts import Absence, Part, naming, unshown
from ganatomy.report.sections.page_section import CHAPTERS, SAMPLES, Block
from ganatomy.report.style import policy_for, style_of
from ganatomy.report.verdict.head import head, head_of_findings
from ganatomy.report.verdict.verdict import Verdict

TEMPLATE = Path(__file__).with_name("page.html")
MAX_BYTES = 10_000_000
_ORDER = tuple(CHAPTERS)


@dataclass(frozen=True)
class PageFrame:
    """The surroundings of the sections: title, lead, parameters, provenance.

    Parameters
    ----------
    title : str
    lead : list of str
        For the line below the title, after what the sections say there.
    params : dict
        The values of params.yaml by section and key, for the list of parameters.
    provenance : dict of str to str
        Names and values; without any the page has no section about where it comes from.
    artifacts : list of dict
        Each with stage, path and md5.
    packages : dict of str to str
        Versions by name.
    run : str
        What names the run; it is printed at the foot of every sheet.
    audit : Audit, optional
        Shown where there is provenance.
    """

    title: str
    lead: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    artifacts: list[dict[str, str]] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    run: str = ""
    audit: Audit | None = None


@dataclass(frozen=True)
class Chapter:
    """One chapter: the titles of its blocks by their anchors, and the blocks."""

    name: str
    title: str
    links: dict[str, str]
    blocks: list[Markup]


def render_page(
    frame: PageFrame,
    parts: Sequence[Part],
    absences: Sequence[Absence] = (),
    *,
    verdict: Verdict | None = None,
    failure: str = "",
    going_on: Sequence[str] = (),
    forgiving: bool = False,
    figures: Numbering | None = None,
    beside: Beside | None = None,
) -> str:
    """Render the templates of the frame and of each section, in at most `MAX_BYTES`.

    Parameters
    ----------
    frame : PageFrame
    parts : sequence of Part
        Their blocks stand in the order of `CHAPTERS`. Strings in their facts are escaped, and
        cannot reorder what stands around them.
    absences : sequence of Absence
        What is left out: each is named with its reason, in one line.
    verdict : Verdict, optional
        It stands above all else, beside the first generated images.
    failure : str
        What failed and why, where the run did: it stands at the head, and what is left out with it.
    going_on : sequence of str
        How the run stands where it is still at work, in sentences: at the head, too.
    forgiving : bool
        Leave out a section whose template fails, and say so, instead of failing.
    figures : Numbering, optional
        A new one: afterwards it knows which figures the page shows, and where.
    beside : Beside, optional
        Takes the pictures for which there is no room: the page names their files in its folder,
        which the caller writes.

    Raises
    ------
    InputError
        The page would be larger than `MAX_BYTES`, and no picture can be left out any more.
    jinja2.UndefinedError
        A template uses a fact that is not given.
    """
    unable = _unable(parts) if forgiving else []
    parts = [part for part in parts if part.section.name not in {each.name for each in unable}]
    told = {
        **vars(frame),
        "alarms": [alarm for part in parts for alarm in part.alarms],
        "absences": [*absences, *unable],
        "failure": failure,
        "going_on": going_on,
    }
    figures, left_out = figures or Numbering(), set[Key]()
    while True:
        figures.begin(beside, left_out)
        page = _laid_out(figures, told, parts, verdict)
        excess = len(page.encode()) - MAX_BYTES
        if excess <= 0:
            return page
        more = set() if beside is None else to_leave_out(figures.weights.values(), excess)
        if not more:
            raise _too_large(excess)
        left_out |= more


def _laid_out(
    figures: Numbering, told: dict[str, Any], parts: Sequence[Part], verdict: Verdict | None
) -> str:
    """The page, however large, with those pictures that are not left out."""
    explained: set[str] = set()
    samples = _samples(parts, figures)  # first: figures are numbered as they stand
    blocks = _rendered(figures, _in_order(parts))
    answer = Markup(with_terms(_answer(verdict, parts, samples, figures.blocks), explained))
    chapters = _chapters(blocks, explained)
    style = style_of(told["title"], told["run"])
    page = template_in(TEMPLATE).render(
        told,
        version=ganatomy.__version__,
        answer=answer,
        chapters=chapters,
        chapter_titles=CHAPTERS,
        sources=figures.sources,
        beside=figures.beside,
        num_beside=len(figures.left_out),
        terms=[term for key, term in glossary().items() if key in explained],
        said=[words for part in parts for words in part.lead],
        style=style,
        policy=policy_for(style),
    )
    return with_labels(with_heads(page))


def _too_large(excess: int) -> InputError:
    return InputError(
        f"it has {MAX_BYTES + excess} bytes, at most {MAX_BYTES} are allowed",
        "the page",
        "Show less on it: fewer classes or features, or shorter names.",
    )


def _answer(
    verdict: Verdict | None, parts: Sequence[Part], samples: Markup, there: Collection[str]
) -> Markup:
    """The page's head: the verdict, or else what was found, beside what was made."""
    if verdict is not None:
        return head(verdict, samples)
    findings = [
        (part.section.title, part.summary[0], anchors[0])
        for part in parts
        if part.section.of_adopted
        and part.summary
        and (anchors := [each.anchor for each in part.section.blocks if each.anchor in there])
    ]
    return head_of_findings(findings, samples) if findings else samples


def _samples(parts: Sequence[Part], figures: Numbering) -> Markup:
    """The picture of the first generated images; "" where there is none."""
    part = next((part for part in parts if SAMPLES in part.figures), None)
    return Markup("") if part is None else figures.figure(part, SAMPLES)


def _in_order(parts: Sequence[Part]) -> list[tuple[Part, Block]]:
    """Parts and blocks of the page, chapter by chapter."""
    blocks = [(part, block) for part in parts for block in part.section.blocks]
    return sorted(blocks, key=lambda each: (_ORDER.index(each[1].chapter), each[0].section.place))


def _chapters(blocks: Sequence[tuple[Block, Markup]], explained: set[str]) -> list[Chapter]:
    """The blocks by chapters, each term explained where it comes first."""
    return [
        Chapter(
            name,
            CHAPTERS[name],
            {block.anchor: block.title for block, _ in each},
            [Markup(with_terms(html, explained)) for _, html in each],
        )
        for name, each in (
            (name, list(group)) for name, group in groupby(blocks, lambda pair: pair[0].chapter)
        )
    ]


def _unable(parts: Sequence[Part]) -> list[Absence]:
    """The sections that cannot be rendered, with the reason."""
    unable = []
    for part in parts:
        try:
            figures = Numbering()
            _samples([part], figures)
            _rendered(figures, _in_order([part]))
        except Exception as error:
            unable.append(unshown(part.section, error))
    return unable


def _rendered(
    figures: Numbering, blocks: Sequence[tuple[Part, Block]]
) -> list[tuple[Block, Markup]]:
    """The blocks, with their figures numbered through."""
    rendered = []
    for part, block in blocks:
        with naming(part.section):
            html = _block(figures, part, block)
        if html.strip():  # a block may have nothing to say of this result
            rendered.append((block, html))
            figures.blocks.add(block.anchor)
    return rendered


def _block(figures: Numbering, part: Part, block: Block) -> Markup:
    """One block; its texts are escaped by the environment."""
    return Markup(
        template_in(block.template).render(
            {"section": part.section, "block": block, **part.facts},
            figure=lambda name: data_url(part.figures[name]),
            picture=lambda name: figures.figure(part, name, block.chapter),
            elsewhere=lambda name: figures.elsewhere(part, name, block.chapter),
            figures=set(part.figures),
        )
    )
