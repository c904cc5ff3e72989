"""Sections in a frame as one self-contained HTML page: no network, no script, all escaped."""

import base64
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import ganatomy
from ganatomy.report.parts import Absence, Part, naming, unshown
from ganatomy.report.sections.page_section import CHAPTERS, SAMPLES, Block
from ganatomy.report.verdict.head import head
from ganatomy.report.verdict.verdict import Verdict
from ganatomy.report.words import isolated, plain, shown

TEMPLATE = Path(__file__).with_name("page.html")
FIGURE = Path(__file__).with_name("figure.html")
STYLE = Path(__file__).with_name("page.css")
MAX_BYTES = 10_000_000


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
    """

    title: str
    lead: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    artifacts: list[dict[str, str]] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)


def render_page(
    frame: PageFrame,
    parts: Sequence[Part],
    absences: Sequence[Absence] = (),
    *,
    verdict: Verdict | None = None,
    failure: str = "",
    going_on: Sequence[str] = (),
    forgiving: bool = False,
) -> str:
    """Render the templates of the frame and of each section.

    Parameters
    ----------
    frame : PageFrame
    parts : sequence of Part
        Their blocks stand in the order of `CHAPTERS`. Strings in their facts are escaped, and
        cannot reorder what stands around them.
    absences : sequence of Absence
        What is left out: each is named with its reason, in one line.
    verdict : Verdict, optional
        It stands above all else.
    failure : str
        What failed and why, where the run did: it stands at the head.
    going_on : sequence of str
        How the run stands where it is still at work, in sentences: at the head, too.
    forgiving : bool
        Leave out a section whose template fails, and say so, instead of failing.

    Raises
    ------
    ValueError
        The page would be larger than `MAX_BYTES`.
    jinja2.UndefinedError
        A template uses a fact that is not given.
    """
    environment = _environment()
    unable = _unable(environment, parts) if forgiving else []
    parts = [part for part in parts if part.section.name not in {each.name for each in unable}]
    blocks = _in_order(parts)
    style = STYLE.read_text()
    page = environment.from_string(TEMPLATE.read_text()).render(
        vars(frame),
        version=ganatomy.__version__,
        sections=_rendered(environment, blocks),
        links=[(block.anchor, block.title) for _, block in blocks],
        said=[words for part in parts for words in part.lead],
        alarms=[alarm for part in parts for alarm in part.alarms],
        absences=[*absences, *unable],
        verdict=_head(environment, verdict, parts),
        failure=failure,
        going_on=going_on,
        style=style,
        policy=policy_for(style),
    )
    if len(page.encode()) > MAX_BYTES:
        raise ValueError(
            f"the page has {len(page.encode())} bytes, at most {MAX_BYTES} are allowed"
        )
    return page


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters["plain"] = plain
    environment.filters["word"] = isolated
    environment.filters["opened"] = lambda sentence: sentence[:1].upper() + sentence[1:]
    environment.filters["number"] = _number
    environment.filters["percent"] = _percent
    return environment


def _head(environment: Environment, verdict: Verdict | None, parts: Sequence[Part]) -> Markup:
    if verdict is None:
        return Markup("")
    samples = [part.figures[SAMPLES] for part in parts if SAMPLES in part.figures]
    return Markup(head(environment, verdict, _source(samples[0]) if samples else Markup("")))


def _source(content: bytes) -> Markup:
    """A picture within the page; nobody's words: not to be looked through."""
    kind = "gif" if content.startswith(b"GIF8") else "png"
    return Markup(f"data:image/{kind};base64," + base64.b64encode(content).decode())


def _in_order(parts: Sequence[Part]) -> list[tuple[Part, Block]]:
    """What stands on the page, chapter by chapter."""
    blocks = [(part, block) for part in parts for block in part.section.blocks]
    return sorted(blocks, key=lambda each: (CHAPTERS.index(each[1].chapter), each[0].section.place))


def _unable(environment: Environment, parts: Sequence[Part]) -> list[Absence]:
    """The sections that cannot be rendered, with the reason."""
    unable = []
    for part in parts:
        try:
            _rendered(environment, _in_order([part]))
        except Exception as error:
            unable.append(unshown(part.section, error))
    return unable


def _rendered(environment: Environment, blocks: Sequence[tuple[Part, Block]]) -> list[Markup]:
    """The blocks, with their figures numbered through."""
    numbers, rendered = itertools.count(1), []
    for part, block in blocks:
        with naming(part.section):
            rendered.append(_block(environment, part, block, numbers))
    return rendered


def _block(environment: Environment, part: Part, block: Block, numbers: Iterator[int]) -> Markup:
    """One block; its texts are escaped by the environment."""

    def figure(name: str) -> Markup:
        return _source(part.figures[name])

    def picture(name: str) -> Markup:
        told = part.picture(name)
        return Markup(
            environment.from_string(FIGURE.read_text()).render(
                number=next(numbers),
                anchor=f"figure-{part.section.name}-{name}",
                src=figure(name),
                told=told,
                digest=part.hashes.get(told.source, ""),
            )
        )

    facts = {"section": part.section, "block": block, **part.facts}
    template = environment.from_string(block.template.read_text())
    return Markup(template.render(facts, figure=figure, picture=picture, figures=set(part.figures)))


def policy_for(style: str) -> str:
    """Write the page's content security policy: its style and pictures within it, nothing else.

    Should a text ever get through as markup, no browser runs or loads what it asks for.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _percent(share: float | None) -> str:
    """One digit behind the point; a dash for None and NaN."""
    if share is None or share != share:
        return "\N{EN DASH}"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _number(value: float | int | None) -> str:
    """Three significant digits, integers with thousands separators; a dash for None and NaN."""
    if value is None or value != value:
        return "\N{EN DASH}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
