"""Stage importance: influence of every changed feature on G and D."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8, write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.explain.importance import Member, Probe, rank, read_out, summarise
from ganatomy.files import read_json, whole_folder, write_bytes
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.report.importance import importance_bars
from tasks import stage
from tasks.events import Events
from tasks.layout import EVALUATOR, GAN, PREPARED, REPORTS, RETRAINED
from tasks.params.base import Base
from tasks.params.importance import Importance
from tasks.params.retrain import Retrain
from tasks.results import image_path, write_metrics


def main(events: Events) -> None:
    """models/variants/*, models/gan, models/evaluator, data/prepared -> reports/importance"""
    base, params = Base.load(), Importance.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    members, architecture = _load_members(device)
    repeats = read_out(
        members,
        _probe(params.num_fakes, base.seed, architecture, device),
        lambda done, total: events.progress(done, total, "GANs"),
    )
    summary = summarise(repeats, params.alpha)
    ranking = rank(summary)
    with whole_folder(REPORTS / "importance") as report:
        for name, table in (("repeats", repeats), ("summary", summary), ("ranking", ranking)):
            write_bytes(report / f"{name}.csv", table.to_csv(index=False).encode())
        write_png(image_path(report, "importance"), importance_bars(summary, ranking, repeats))
        write_metrics(
            report,
            {
                "num_stand_out": int(ranking["stands_out"].sum()),
                **{
                    f"max_abs_t/{variant}": float(value)
                    for variant, value in zip(ranking["variant"], ranking["max_abs_t"])
                },
            },
        )


def _load_members(device: torch.device) -> tuple[list[Member], Architecture]:
    """The retrained GANs, and the architecture that they share."""
    members = []
    for shard in Retrain.load().shards:
        for folder in sorted((RETRAINED / str(shard)).iterdir()):
            about = read_json(folder / "member.json")
            gan = load_gan(folder, device)
            architecture = gan.architecture
            members.append(
                Member(
                    about["recipe"]["name"],
                    about["recipe"]["mode"] == "null",
                    about["seed"],
                    gan.generator_ema,
                    gan.discriminator,
                )
            )
    if not members:
        raise InputError("no retrained GAN", str(RETRAINED), "Run `dvc repro`.")
    return sorted(members, key=lambda member: (member.variant, member.seed)), architecture


def _probe(num_fakes: int, seed: int, architecture: Architecture, device: torch.device) -> Probe:
    test = Dataset.load(PREPARED, "test")
    base_gan = load_gan(GAN, device)
    count = min(num_fakes, len(test))  # as many fakes as reals: distances of equal bias
    base_z = latents(count, base_gan.architecture, seed, "importance", "base")
    return Probe(
        test.images[:count],
        to_uint8(generate(base_gan.generator_ema, base_z)),
        latents(count, architecture, seed, "importance"),
        evaluator_file.load(EVALUATOR, device)[0],
        RandomFeatures(test.images.shape[1]).to(device),
    )


if __name__ == "__main__":
    stage.run(main, "importance")
