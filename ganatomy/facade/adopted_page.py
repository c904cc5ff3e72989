"""The page about an adopted GAN: one entry for each part, and what is left out with its reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.settings import LimeSampling
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.facade.adopted_given import Given
from ganatomy.gan.adopt.contract import examine_contract
from ganatomy.report.beside import Beside
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from ganatomy.report.verdict.verdict import Verdict
from ganatomy.results import Result
from ganatomy.wording import counted, opened

_QUICK_SAMPLES = 256
_MISSING = {
    "generator": "no generator was given",
    "discriminator": "no discriminator was given",
    "images": "no real images were given (--images)",
    "fakes": "there are no generated images (--fakes)",
}


@dataclass(frozen=True)
class PagePart:
    """One study of the page.

    Parameters
    ----------
    name : str
        Of its section.
    does : str
        What is done, for whoever waits.
    needs : tuple of str
        Keys of ``Given.has``.
    seconds : float
        Of a DCGAN of 64 px on two cores: what is left is told by it.
    run : callable
    is_early : bool
        It belongs to the first version of the page.
    is_quick : bool
        It is not left out by ``--quick``.
    """

    name: str
    does: str
    needs: tuple[str, ...]
    seconds: float
    run: Callable[[Given], Result]
    is_early: bool = False
    is_quick: bool = True

    def reason_against(self, given: Given) -> str:
        """Say why it cannot be, "" where it can."""
        missing = [_MISSING[name] for name in self.needs if not given.has[name]]
        if missing:
            return " and ".join(missing)
        return "--quick leaves it out" if given.is_quick and not self.is_quick else ""


def _contract(given: Given) -> Result:
    return examine_contract(given.adopted, given.reals, seed=given.seed)


def _maps(given: Given) -> Result:
    return explain_by_maps(given.subjects, seed=given.seed, on_warning=given.warn)


def _sampling(given: Given) -> LimeSampling:
    return LimeSampling(num_samples=_QUICK_SAMPLES) if given.is_quick else LimeSampling()


def _lime(given: Given) -> Result:
    return explain_by_lime(
        given.subjects,
        sampling=_sampling(given),
        latent_targets=("d_logit",),
        seed=given.seed,
        on_warning=given.warn,
    )


def _faithfulness(given: Given) -> Result:
    methods = Methods(DEFAULT_CAMS, on_warning=given.warn)
    return judge_explanations(given.subjects, methods, seed=given.seed)


PARTS: tuple[PagePart, ...] = (
    PagePart("contract", "whose GAN it is, and what it does", (), 2, _contract, is_early=True),
    PagePart("gradcam", "maps, units and regions", (), 40, _maps),
    PagePart("lime", "LIME", ("discriminator",), 40, _lime),
    PagePart(
        "faithfulness", "tests of the maps", ("discriminator",), 90, _faithfulness, is_quick=False
    ),
)


@dataclass
class _Work:
    """The state of a page in the making."""

    reports: Path
    reasons: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)
    done: float = 0.0

    def left(self, waiting: Sequence[PagePart]) -> str:
        """Say about how long the rest takes, by what was foreseen and what it took so far."""
        if not waiting or not self.done:
            return ""
        pace = (monotonic() - self.started) / self.done
        seconds = pace * sum(part.seconds for part in waiting)
        return f", about {in_words(seconds)} left"


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
        work = _Work(Path(folder))
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
                    write(*_page(work, waiting, title, beside()))
                    is_written = True
                    say(
                        "a first version of the page is there; it will be replaced by the whole one"
                    )
        except (KeyboardInterrupt, SystemExit):
            if is_written:
                stopped = {part.name: "it was stopped before this was done" for part in waiting}
                work.reasons |= stopped
                write(*_page(work, (), title, beside()))
                say("stopped: the page has what was done by then")
            raise
        write(*_page(work, (), title, beside()))


def _run(part: PagePart, given: Given, work: _Work, say: Callable[[str], None]) -> None:
    """The contract must hold; whatever else fails is left out."""
    try:
        part.run(given).save(work.reports / part.name)
    except Exception as error:
        if part.name == "contract":
            raise
        words = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        work.reasons[part.name] = f"not possible here: {' '.join(words.split())[:400]}"
        say(f"{part.does}: left out, {work.reasons[part.name]}")


def _page(
    work: _Work, waiting: Sequence[PagePart], title: str, beside: Beside
) -> tuple[str, Beside]:
    coming = {part.name: "not done yet" for part in waiting}
    parts, absences = gather(work.reports, {**work.reasons, **coming}, forgiving=True)
    elsewhere = [
        replace(each, reason="only a run of the pipeline has it")
        if each.reason == "not run"
        else each
        for each in absences
    ]
    clauses = tuple(clause for part in parts for clause in part.clauses)
    needed = tuple(clause.question for clause in clauses if clause.question == "maps")
    going_on = (
        [f"{opened(counted(len(waiting), 'part'))} of it are still to come: load it again then."]
        if waiting
        else []
    )
    page = render_page(
        PageFrame(title),
        parts,
        elsewhere,
        verdict=Verdict(clauses, needed) if clauses else None,
        going_on=going_on,
        forgiving=True,
        beside=beside,
    )
    return page, beside
