"""Stage importance: influence of every changed feature on G and D."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Selection, find, known
from ganatomy.data.features.regions import Region
from ganatomy.data.images import to_uint8, write_png
from ganatomy.data.variants import ChangesNothing, Recipe, apply
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.explain.importance import Member, Probe, read_out
from ganatomy.explain.interactions import interactions
from ganatomy.explain.power import power_of_seeds, power_of_share, split_half_stability
from ganatomy.explain.readouts import READOUTS
from ganatomy.explain.reliance import reliance
from ganatomy.explain.statistics import rank, summarise
from ganatomy.explain.subsets import datamodels
from ganatomy.files import read_json, whole_folder, write_bytes
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate
from ganatomy.report.effect_table import effect_table
from ganatomy.report.importance import importance_bars
from ganatomy.report.interactions import interaction_chart
from ganatomy.report.multiples import multiples
from ganatomy.report.power import power_chart
from ganatomy.report.region_map import region_map, region_values
from ganatomy.retraining import changed_alike
from ganatomy.tables import csv_bytes
from tasks import stage
from tasks.events import Events
from tasks.layout import GAN, PREPARED, REPORTS, RETRAINED
from tasks.members import trainable
from tasks.params.base import Base
from tasks.params.importance import Importance
from tasks.params.retrain import Retrain
from tasks.params.variants import Variants
from tasks.probe import probe_of
from tasks.results import image_path, write_metrics

_SHOWN_IMAGES = 12
_TITLES = {name: readout.title for name, readout in READOUTS.items()}


def main(events: Events) -> None:
    """models/variants/*, models/gan, models/evaluator, data/* -> reports/importance"""
    base, params = Base.load(), Importance.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    folders = _member_folders(Retrain.load().shards)
    about = [read_json(folder / "member.json") for folder in folders]
    probe = probe_of(params.num_fakes, base.seed, _architecture(folders, about, device), device)
    read = read_out(
        _members(folders, about, probe, device),
        len(folders),
        probe,
        lambda done, total: events.progress(done, total, "GANs"),
    )
    for row in read.diverged.to_dict("records"):
        events.warning(f"{row['variant']}, seed {row['seed']}, has diverged: it is left out")
    summary = summarise(read.repeats, params.fdr)
    ranking = rank(summary)
    power = pd.concat(
        [
            power_of_seeds(read.repeats, seed=base.seed),
            power_of_share(read.repeats),
            split_half_stability(read.repeats, seed=base.seed),
        ],
        ignore_index=True,
    )
    together = interactions(read.repeats, params.fdr)
    tables = {
        "summary": summary,
        "ranking": ranking,
        "interactions": together,
        "subsets": datamodels(read.repeats, params.fdr),
        "power": power,
        "reliance": _reliance(base, params, probe, device),
        "diverged": read.diverged,
    }
    with whole_folder(REPORTS / "importance") as report:
        _write_parquet(report / "repeats.parquet", read.repeats)
        _write_parquet(report / "class_shares.parquet", read.class_shares)
        for name, table in tables.items():
            write_bytes(report / f"{name}.csv", csv_bytes(table))
        pictures = {
            "importance": importance_bars(ranking, summary, _TITLES),
            "effects": effect_table(summary, ranking, _TITLES),
            "power": power_chart(power),
            "without": multiples(
                _sheets(folders, about, ranking, params.num_shown, probe.z, device)
            ),
        }
        if (regions := _region_map(ranking)) is not None:
            pictures["regions"] = regions
        if not together.empty:
            pictures["interactions"] = interaction_chart(together, summary, _TITLES)
        for name, picture in pictures.items():
            write_png(image_path(report, name), picture)
            events.image(name, 0, image_path(report, name))
        write_metrics(report, _figures(summary, ranking, power, len(read.diverged)))


def _architecture(
    folders: list[Path], about: list[dict[str, Any]], device: torch.device
) -> Architecture:
    """The architecture that all members share, from the first that is whole."""
    for folder, one in zip(folders, about):
        if not one["diverged"]:
            return load_gan(folder, device).architecture
    raise InputError(
        "every retrained GAN has diverged",
        str(RETRAINED),
        "Lower retrain.learning_rate or add a penalty (gan.r1).",
    )


def _member_folders(shards: list[int]) -> list[Path]:
    """One folder for each member and share, in the order of their names."""
    found = [path.parent for k in shards for path in (RETRAINED / str(k)).glob("*/member.json")]
    if not found:
        raise InputError("no retrained GAN", str(RETRAINED), "Run `dvc repro`.")
    return sorted(found, key=lambda folder: folder.name.rpartition("-s"))


def _members(
    folders: list[Path], about: list[dict[str, Any]], probe: Probe, device: torch.device
) -> Iterator[Member]:
    variants = Variants.load()
    changed: dict[str, torch.Tensor | None] = {}  # of one variant at a time: they come in order
    for folder, one in zip(folders, about):
        recipe = Recipe.from_json(one["recipe"])
        if recipe.name not in changed:
            found = changed_alike(probe, recipe, variants.grid, variants.masks)
            changed = {recipe.name: found}
        gan = None if one["diverged"] else load_gan(folder, device)
        yield Member(
            recipe.name,
            recipe.features,
            recipe.mode,
            recipe.is_null,
            one["seed"],
            one["share"],
            None if gan is None else gan.generator_ema,
            None if gan is None else gan.discriminator,
            changed[recipe.name],
        )


def _reliance(base: Base, params: Importance, probe: Probe, device: torch.device) -> pd.DataFrame:
    """Of the base D: each single feature of the held-out images removed, and permuted."""
    variants = Variants.load()
    test = Dataset.load(PREPARED, "test")
    test = test.take(torch.arange(len(probe.test_images)))
    there = known(test, variants.grid, variants.masks)

    def changed() -> Iterator[tuple[str, tuple[str, ...], str, torch.Tensor]]:
        names = [r.features[0] for r in trainable() if len(r.features) == 1]
        for name in dict.fromkeys(names):
            feature = find(name, there, test)
            if isinstance(feature, Selection):
                continue
            for mode in ("remove", "permute"):
                if mode not in feature.modes:
                    continue
                recipe = Recipe(f"{name}-{mode}", (name,), mode, base.seed, "", feature.kind)
                try:
                    found = apply(test, recipe, "cpu", variants.grid, variants.masks)
                except ChangesNothing:  # of the training images it changes something
                    continue
                yield recipe.name, recipe.features, mode, found.dataset.images

    gan = load_gan(GAN, device)
    fdr = params.fdr
    return reliance(
        gan.discriminator, probe.test_images, changed(), probe.base_fakes, fdr, base.seed
    )


def _sheets(
    folders: list[Path],
    about: list[dict[str, Any]],
    ranking: pd.DataFrame,
    num_shown: int,
    z: torch.Tensor,
    device: torch.device,
) -> list[tuple[str, str, torch.Tensor]]:
    """What G makes from the same latents when it was trained without each feature."""
    first = min(one["seed"] for one in about)
    found = {
        one["recipe"]["name"]: (folder, one["recipe"])
        for folder, one in zip(folders, about)
        if one["seed"] == first and one["share"] == 1 and not one["diverged"]
    }
    nulls = [name for name, (_, recipe) in found.items() if recipe["mode"] == "null"][:1]
    shown = [name for name in ranking["variant"].head(num_shown) if name in found]
    sheets = []
    for name in [*nulls, *shown]:
        folder, recipe = found[name]
        images = generate(load_gan(folder, device).generator_ema, z[:_SHOWN_IMAGES])
        label = "nothing changed" if name in nulls else name
        sheets.append((label, recipe["meaning"], to_uint8(images)))
    return sheets


def _region_map(ranking: pd.DataFrame) -> Any:
    """The picture, or None where no region was removed."""
    variants = Variants.load()
    train = Dataset.load(PREPARED, "train", mapped=True)
    side = train.images.shape[-1]
    there = known(train, variants.grid, variants.masks)
    inside = {
        name: feature.inside(side).numpy()
        for name, feature in there.items()
        if isinstance(feature, Region)
    }
    values = region_values(ranking, list(inside), "remove")
    if not values:
        return None
    mean_image = train.images.double().mean(0).numpy()
    return region_map(mean_image, inside, values)


def _figures(
    summary: pd.DataFrame, ranking: pd.DataFrame, power: pd.DataFrame, num_diverged: int
) -> dict[str, float | int]:
    halves = power.loc[power["kind"] == "split_half", "rank_correlation"]
    found: dict[str, float | int] = {
        "num_stand_out": int(ranking["stands_out"].sum()),
        "num_not_judged": int((~summary["judged"]).sum()),
        "num_diverged": num_diverged,
    }
    if len(halves) and halves.notna().all():
        found["split_half_rank_correlation"] = float(halves.iloc[0])
    for row in ranking.to_dict("records"):
        if pd.notna(row["max_abs_t"]):
            found[f"max_abs_t/{row['variant']}"] = float(row["max_abs_t"])
    return found


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())


if __name__ == "__main__":
    stage.run(main, "importance")
