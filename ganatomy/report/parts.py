"""What the page has: the sections whose results exist, and why the others are left out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import sha256_of
from ganatomy.report.figures.canvas import narrow
from ganatomy.report.left_out import LEFT_OUT, why_left_out
from ganatomy.report.sections.page_section import (
    PageSection,
    Picture,
    Record,
    Result,
    all_sections,
)
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate

_DEFAULT = Gate()


@dataclass(frozen=True)
class Part:
    """One section with its facts and pictures of one result.

    Parameters
    ----------
    section : PageSection
    facts : dict
    figures : dict of str to bytes
        The pictures' files, by name.
    alarms, summary, lead : list of str
    pictures : dict of str to Picture
        What is said of those of `figures` of which anything is.
    hashes : dict of str to str
        SHA-256 of the files that pictures are drawn from, where those are known.
    clauses : tuple of Clause
        The section's part of the verdict.
    narrow : dict of str to bytes
        Those of `figures` that are drawn for narrow screens, too.
    """

    section: PageSection[Any]
    facts: Record
    figures: dict[str, bytes]
    alarms: list[str]
    summary: list[str]
    lead: list[str]
    pictures: dict[str, Picture] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    narrow: dict[str, bytes] = field(default_factory=dict)

    def picture(self, name: str) -> Picture:
        """Give one of `figures` with what is said of it."""
        return self.pictures.get(name, Picture(self.figures[name]))


@dataclass(frozen=True)
class Absence:
    """A stage of which the page tells nothing, and why.

    Parameters
    ----------
    name : str
        The stage's.
    title : str
        Of its section; "" where it never has one.
    reason : str
    """

    name: str
    title: str
    reason: str


@contextmanager
def naming(section: PageSection[Any]) -> Iterator[None]:
    """Add the section's name to whatever goes wrong within: the error alone would not tell it."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in section {section.name} of the page")
        raise


def unshown(section: PageSection[Any], error: Exception) -> Absence:
    """Say that a section is left out because of an error."""
    return _absence(section, _cannot_be_shown(error))


def _cannot_be_shown(error: Exception) -> str:
    words = error if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return f"cannot be shown: {words}"


def _absence(section: PageSection[Any], reason: str) -> Absence:
    return Absence(section.name, section.title, reason)


def fill(
    section: PageSection[Result],
    result: Result,
    reports: Path | None = None,
    gate: Gate = _DEFAULT,
    *,
    generator: str = "",
) -> Part:
    """Say and draw what a section has to tell of a result.

    Parameters
    ----------
    section : PageSection
    result : object
        What the section's ``load`` returns.
    reports : Path, optional
        The folder of the stages' folders, where the files that pictures are drawn from lie.
    gate : Gate
        The thresholds of the verdict.
    generator : str
        SHA-256 of the published generator's weights, which pictures of its images name.
    """
    given = {
        name: each if isinstance(each, Picture) else Picture(each)
        for name, each in section.figures(result).items()
    }
    sources = {picture.source for picture in given.values() if picture.source and reports}
    return Part(
        section,
        section.facts(result),
        {name: picture.drawn(generator) for name, picture in given.items()},
        section.alarms(result),
        section.summary(result),
        section.lead(result),
        {name: picture for name, picture in given.items() if picture.title or picture.key},
        {source: sha256_of(reports / source) for source in sorted(sources)} if reports else {},
        tuple(section.clauses(result, gate)),
        _narrow(given, generator),
    )


def _narrow(given: Mapping[str, Picture], generator: str) -> dict[str, bytes]:
    """Draw once more what has a drawing for narrow screens."""
    with narrow():
        return {name: each.drawn(generator) for name, each in given.items() if each.narrow}


def gather(
    reports: Path,
    reasons: Mapping[str, str] | None = None,
    *,
    gate: Gate = _DEFAULT,
    forgiving: bool = False,
    generator: str = "",
) -> tuple[list[Part], list[Absence]]:
    """Fill every section whose stage has left a result, and say which stages have nothing to tell.

    Parameters
    ----------
    reports : Path
        The folder of the stages' folders.
    reasons : mapping of str to str, optional
        Why stages have no result, or one that is not to be shown, by their names.
    gate : Gate
        The thresholds of the verdict.
    forgiving : bool
        Leave out a section whose result cannot be read, told or drawn, and say so, instead of
        failing.
    generator : str
        SHA-256 of the published generator's weights, which pictures of its images name.

    Returns
    -------
    list of Part, list of Absence
        In the order of the page; last, what has no section and was left out.
    """
    parts, absences, sections = [], [], all_sections()
    for section in sections:
        folder = reports / (section.folder or section.name)
        if section.of_adopted and not any(folder.glob("*")) and section.name not in (reasons or {}):
            continue
        try:
            with naming(section):
                if reason := (reasons or {}).get(section.name) or _why_not(folder):
                    absences.append(_absence(section, reason))
                else:
                    result = section.load(folder)
                    parts.append(fill(section, result, reports, gate, generator=generator))
        except Exception as error:
            if not forgiving:
                raise
            absences.append(unshown(section, error))
    told = {section.name for section in sections} | set(reasons or {})
    return parts, absences + _without_section(reports, told, forgiving)


def _why_not(folder: Path) -> str:
    """The reason why a stage has left nothing to show; "" where it has."""
    if not folder.is_dir():
        return "not run"
    return why_left_out(folder)


def _without_section(reports: Path, told: set[str], forgiving: bool) -> list[Absence]:
    """The stages that have left out what they do, but for those in `told`."""
    absences = []
    for folder in sorted(path.parent for path in reports.glob(f"*/{LEFT_OUT}")):
        if folder.name in told:
            continue
        try:
            reason = why_left_out(folder)
        except Exception as error:
            if not forgiving:
                raise
            reason = _cannot_be_shown(error)
        absences.append(Absence(folder.name, "", reason))
    return absences
