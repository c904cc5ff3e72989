"""The page about an adopted GAN, part by part, and what is left out with its reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from ganatomy.errors import InputError
from ganatomy.facade.adopted_given import Given
from ganatomy.facade.adopted_parts import PARTS, PagePart
from ganatomy.files import sha256_of
from ganatomy.report.beside import Beside
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from ganatomy.report.verdict.of_adopted import verdict_of_adopted
from ganatomy.results import Result
from ganatomy.wording import listed

_BEFOREHAND = 30.0  # seconds that count as if they had been as foreseen
_STOPPED = "stopped before it was done: the end of this page names what is missing"
_NOT_JUDGED = "how good its images are is not judged: there are no real ones beside them"


@dataclass
class _Work:
    """The state of a page in the making."""

    reports: Path
    generator: str  # SHA-256 of its weights' file
    has: dict[str, bool]  # as of `Given`
    reasons: dict[str, str] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)
    done: float = 0.0

    def left(self, waiting: Sequence[PagePart]) -> str:
        """Say about how long the rest takes, by what was foreseen and what it took so far."""
        if not waiting or not self.done:
            return ""
        seconds = sum(part.seconds for part in waiting)
        return f", about {in_words(seconds * pace(monotonic() - self.started, self.done))} left"


def pace(taken: float, foreseen: float) -> float:
    """Say how many times as long as foreseen it takes here; the first seconds tell little of it.

    Examples
    --------
    >>> round(pace(4.0, 1.0), 1), pace(570.0, 270.0)
    (1.1, 2.0)
    """
    return (taken + _BEFOREHAND) / (foreseen + _BEFOREHAND)


def in_words(seconds: float) -> str:
    """Write a time as one waits for it.

    Examples
    --------
    >>> in_words(2.2), in_words(130)
    ('2 s', '2 min 10 s')
    """
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def write_page(
    given: Given,
    write: Callable[[str, Beside], None],
    *,
    title: str,
    beside: Callable[[], Beside],
    say: Callable[[str], None] = lambda text: None,
    parts: Sequence[PagePart] | None = None,
) -> None:
    """Run every part that can be, and write the page twice: when its first parts are there, whole.

    A part that fails is left out with its reason. Who stops it has a page of what was done.

    Parameters
    ----------
    given : Given
    write : callable
        Takes a whole page, and the pictures beside it.
    title : str
    beside : callable
        Makes an empty folder of pictures.
    say : callable
        Told what is being done, and how far it is.
    parts : sequence of PagePart, optional
        `PARTS` by default.
    """
    parts = PARTS if parts is None else parts
    with TemporaryDirectory() as folder:
        work = _Work(Path(folder), _digest(given), given.has)
        work.reasons = {part.name: why for part in parts if (why := part.reason_against(given))}
        waiting = [part for part in parts if part.name not in work.reasons]
        is_written, total = False, len(waiting)
        try:
            while waiting:
                part = waiting[0]
                say(f"[{total - len(waiting) + 1} of {total}] {part.does}{work.left(waiting)}")
                _run(part, given, work, say)
                work.done += part.seconds
                del waiting[0]
                if waiting and not is_written and not any(each.is_early for each in waiting):
                    write(*_page(work, title, beside(), coming=waiting))
                    is_written = True
                    say(
                        "a first version of the page is there; it will be replaced by the whole one"
                    )
        except (KeyboardInterrupt, SystemExit):
            if is_written:
                stopped = {part.name: "it was stopped before this was done" for part in waiting}
                work.reasons |= stopped
                write(*_page(work, title, beside(), is_stopped=True))
                say("stopped: the page has what was done by then")
            raise
        write(*_page(work, title, beside()))


def _digest(given: Given) -> str:
    """SHA-256 of the file of the generator's weights; "" where there is none."""
    spec = given.adopted.port.generator
    path = None if spec is None else spec.program or spec.weights
    return "" if path is None else sha256_of(path)


def _run(part: PagePart, given: Given, work: _Work, say: Callable[[str], None]) -> None:
    """The contract must hold; whatever else fails is left out."""
    try:
        result = part.run(given, work.results)
        result.save(work.reports / (part.folder or part.name))
        work.results[part.name] = result
    except Exception as error:
        if part.name == "contract":
            raise
        words = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        work.reasons[part.name] = f"not possible here: {' '.join(words.split())[:400]}"
        say(f"{part.does}: left out, {work.reasons[part.name]}")


def _page(
    work: _Work,
    title: str,
    beside: Beside,
    *,
    coming: Sequence[PagePart] = (),
    is_stopped: bool = False,
) -> tuple[str, Beside]:
    not_yet = {part.name: "not done yet" for part in coming}
    parts, absences = gather(
        work.reports,
        {**work.reasons, **not_yet},
        forgiving=True,
        generator=work.generator,
    )
    elsewhere = [
        replace(each, reason="only a run of the pipeline has it")
        if each.reason == "not run"
        else each
        for each in absences
    ]
    to_come = listed([part.does for part in coming])
    going_on = [f"Still to come: {to_come}. Load this page again to see them."] if coming else []
    is_judged = any(part.clauses for part in parts)
    page = render_page(
        PageFrame(
            title,
            [_STOPPED] * is_stopped + [_NOT_JUDGED] * (not is_judged and not coming),
        ),
        parts,
        [each for each in elsewhere if each.name not in not_yet],  # these are told above
        verdict=verdict_of_adopted(parts, elsewhere, work.has) if is_judged else None,
        going_on=going_on,
        forgiving=True,
        beside=beside,
    )
    return page, beside
