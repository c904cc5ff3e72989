"""Stage importance: influence of every changed feature on G and D."""

from ganatomy.data.dataset import Dataset
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.files import whole_folder, write_json
from ganatomy.importance.member_files import architecture_of, load_members, stored_members
from ganatomy.importance.result import RETRAINED_BY
from ganatomy.importance.study import judge_members
from tasks.importance.params import Importance
from tasks.params.base import Base
from tasks.retrain.params import Retrain
from tasks.shared import stage
from tasks.shared.artifact_paths import GAN, PREPARED, REPORTS, RETRAINED
from tasks.shared.evaluation_set import load_evaluation_set
from tasks.shared.events import Events
from tasks.shared.explained import load_explained
from tasks.shared.keys import by_key
from tasks.shared.leaving_out import is_left_out
from tasks.shared.results import write_metrics
from tasks.shared.retraining_way import load_way
from tasks.shared.variant_data import trainable
from tasks.variants.params import Variants


def main(events: Events) -> None:
    """models/variants/*, models/gan, models/evaluator, data/* -> reports/importance"""
    base, params, retrain, way = Base.load(), Importance.load(), Retrain.load(), load_way()
    if is_left_out("importance", way.left_out):
        return
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    stored = stored_members([RETRAINED / str(shard) for shard in retrain.shards])
    architecture = architecture_of(stored, device)
    evaluation = load_evaluation_set(params.num_fakes, base.seed, architecture, device)
    with by_key(params), by_key(retrain), by_key(Variants.load()):
        study = judge_members(
            load_members(stored, device),
            trainable(),
            evaluation,
            base_discriminator=load_explained(GAN, base.seed, device).discriminator,
            train=Dataset.load(PREPARED, "train", mapped=True),
            num_members=len(stored),
            fdr=params.fdr,
            practical_size=params.practical_size,
            seed=base.seed,
            num_shown=params.num_shown,
            on_progress=lambda done, total: events.progress(done, total, "GANs"),
            on_warning=events.warning,
        )
    with whole_folder(REPORTS / "importance") as report:
        study.save(report)
        if way.ours or way.train:
            write_json(report / RETRAINED_BY, {"train": way.train})
        write_metrics(report, study.metrics())


if __name__ == "__main__":
    stage.run(main, "importance")
