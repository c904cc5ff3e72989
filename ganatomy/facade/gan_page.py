"""Three studies of a GAN on one page: maps, LIME, and whether they can be trusted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.film import History
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.report.beside import Beside
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import gather
from ganatomy.report.verdict.verdict import Verdict

_CONCEPTS = ("brightness", "contrast")  # of any images
STUDIES = ("maps", "LIME", "trust")
"""What is told as it is done."""


def page_of(
    subjects: Subjects,
    vocabulary: Vocabulary | None = None,
    *,
    title: str,
    history: History = (),
    generator: str = "",
    seed: int = 0,
    beside: Beside | None = None,
    on_progress: Callable[[str], None] = lambda study: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> str:
    """Run the studies that explain and put their sections on a page of their own.

    Parameters
    ----------
    subjects : Subjects
    vocabulary : Vocabulary, optional
        The training data: with it, and an evaluator, concepts are read from G's units.
    title : str
    history : iterable of (int, nn.Module, nn.Module)
        Step, generator and discriminator of the training's course.
    generator : str
        SHA-256 of G's weights, which pictures of its images name.
    seed : int
    beside : Beside, optional
        Takes the pictures for which the page has no room; the caller writes them.
    on_progress : callable
        Told each of `STUDIES` as it is done.
    on_warning : callable
        Told of what is left out, once each.

    Returns
    -------
    str
        HTML, self-contained.
    """
    has_classes = bool(subjects.class_names) and subjects.evaluator is not None
    targets = ("class",) if has_classes else ()
    with TemporaryDirectory() as folder:
        reports = Path(folder)
        maps = explain_by_maps(
            subjects,
            vocabulary,
            targets=targets,
            concepts=() if vocabulary is None else _CONCEPTS,
            history=history,
            seed=seed,
            on_warning=on_warning,
        )
        maps.save(reports / "gradcam")
        on_progress(STUDIES[0])
        lime = explain_by_lime(
            subjects,
            vocabulary,
            latent_targets=("d_logit", *targets),
            seed=seed,
            on_warning=on_warning,
        )
        lime.save(reports / "lime")
        on_progress(STUDIES[1])
        methods = Methods(DEFAULT_CAMS, hiding=lime.hiding, on_warning=on_warning)
        judge_explanations(subjects, methods, vocabulary, seed=seed).save(reports / "faithfulness")
        on_progress(STUDIES[2])
        parts, absences = gather(reports, generator=generator)
    elsewhere = [replace(each, reason="only a run of the pipeline has it") for each in absences]
    verdict = Verdict(tuple(clause for part in parts for clause in part.clauses), ("maps",))
    return render_page(PageFrame(title), parts, elsewhere, verdict=verdict, beside=beside)
