"""Stage screen: short trainings that drop the features that cannot be told from nulls."""

from ganatomy.device import keep_freed_memory, make_deterministic
from ganatomy.files import whole_folder
from ganatomy.importance.screening import Rung
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.importance.screening_study import screen_features
from ganatomy.report.left_out import leave_out
from tasks.importance.params import Importance
from tasks.params.base import Base
from tasks.retrain.params import Retrain
from tasks.screen.params import Screen
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.budget import load_budget
from tasks.shared.evaluation_set import load_evaluation_set
from tasks.shared.events import Events
from tasks.shared.in_full import write_in_full
from tasks.shared.results import write_metrics
from tasks.shared.retraining_way import load_way
from tasks.shared.variant_data import load_variants, trainable

_OFF = "switched off by screen.enabled in params.yaml: every feature is trained in full"

_OURS = "it trains GANs of ours, and these are trained by their author's own function"


def main(events: Events) -> None:
    """data/variants, models/{packing, gan, evaluator} -> data/in_full, reports/screen"""
    params, way = Screen.load(), load_way()
    reason = way.left_out or (_OFF if not params.enabled else way.train and _OURS)
    study = _everything() if reason else _screened(params, events)
    with whole_folder(REPORTS / "screen") as report:
        if reason:
            leave_out(report, reason)
        study.save(report)
        write_metrics(report, study.metrics())
    write_in_full(study.kept, screened=True)


def _everything() -> ScreeningStudy:
    return ScreeningStudy.without([recipe.name for recipe in trainable() if not recipe.is_null])


def _screened(params: Screen, events: Events) -> ScreeningStudy:
    base, num_fakes = Base.load(), Importance.load().num_fakes
    make_deterministic(base.num_threads)
    keep_freed_memory()
    recipes, budget = trainable(), load_budget()
    return screen_features(
        recipes,
        load_variants(recipe for recipe in recipes if recipe.kind != "subset"),
        budget,
        evaluation=load_evaluation_set(num_fakes, base.seed, budget.architecture, budget.device),
        rungs=[Rung(*rung) for rung in zip(params.shares, params.num_seeds, strict=True)],
        keep=params.keep,
        final_seeds=Retrain.load().num_seeds,
        alpha=params.alpha,
        keep_at_least=params.keep_at_least,
        seed=base.seed,
        on_progress=lambda done, total, rung: events.progress(
            done, total, f"steps at {100 * rung.share:g} %"
        ),
        on_warning=events.warning,
    )


if __name__ == "__main__":
    stage.run(main, "screen")
