"""Stage faithfulness: is each explanation true, and do they agree?"""

import pandas as pd

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.faithfulness.judged import NEEDS_D
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.maps.methods import Methods
from ganatomy.files import whole_folder
from tasks.faithfulness.params import Faithfulness
from tasks.gradcam.params import Gradcam
from tasks.lime.params import Lime
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import REPORTS
from tasks.shared.events import Events
from tasks.shared.keys import by_key
from tasks.shared.leaving_out import is_left_out
from tasks.shared.names import vocabulary
from tasks.shared.results import write_metrics
from tasks.shared.samples import load_subjects, settled_hiding

_RANKING = REPORTS / "importance" / "ranking.csv"  # of no importance where nothing is retrained


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared, reports/importance -> reports/faithfulness"""
    base, params, of_lime = Base.load(), Faithfulness.load(), Lime.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    subjects = load_subjects(params.num_images, base.seed, device)
    if is_left_out("faithfulness", "" if subjects.has_discriminator else NEEDS_D):
        return
    words = vocabulary()
    with by_key(of_lime), whole_folder(REPORTS / "faithfulness") as report:
        study = judge_explanations(
            subjects,
            Methods(
                Gradcam.load().methods,
                of_lime.sampling(),
                settled_hiding(of_lime.hiding(), subjects, words, base.seed),
                params.integration_steps,
                events.warning,
            ),
            words,
            ranking=pd.read_csv(_RANKING) if _RANKING.exists() else None,
            effort=params.effort(),
            seed=base.seed,
            on_progress=events.progress,
        )
        study.save(report)
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "faithfulness")
