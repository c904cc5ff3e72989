"""Stage rules: when D decides how, and what G makes, as rules over what can be measured."""

from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.explain.rules.study import explain_by_rules
from ganatomy.files import read_json, whole_folder
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.report.left_out import why_left_out
from tasks.params.base import Base
from tasks.rules.params import OWN, Rules
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.keys import by_key
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects

_DIRECTIONS = REPORTS / "directions"


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared, reports/directions -> reports/rules"""
    base, params = Base.load(), Rules.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(params.num_images, base.seed, device)
    loss = read_json(REPORTS / "train" / "settings.json")["method"]["loss"]
    found = None if why_left_out(_DIRECTIONS) else DirectionsStudy.load(_DIRECTIONS)
    learned = {} if found is None else LearnedFeatures.load(_DIRECTIONS).readers()
    with by_key(params, **OWN), whole_folder(REPORTS / "rules") as report:
        study = explain_by_rules(
            subjects,
            own=params.concepts,
            learned=learned,
            directions=None if found is None else found.directions,
            boundary_at_0=logits_have_level(loss),
            settings=RulesSettings(
                max_length=params.max_length,
                num_draws=params.num_draws,
                least_images=params.least_images,
                num_examples=params.num_examples,
                num_changed=params.num_changed,
            ),
            seed=base.seed,
            on_progress=lambda done, total: events.progress(done, total, "steps"),
            on_warning=events.warning,
        )
        study.save(report)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "rules")
