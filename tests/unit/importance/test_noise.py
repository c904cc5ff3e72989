"""Where the noise of retraining comes from: what is told, kept, and left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.settings import Method
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.measuring import read_out
from ganatomy.importance.noise import COLUMNS, NoiseDesign, NoiseStudy, balanced, noise_of_nulls
from ganatomy.importance.noise_study import draws_of, noise_of_retraining
from ganatomy.importance.variance_components import crossed
from ganatomy.metrics.evaluator import digest_of
from tests.unit.importance.retrained import repeats

TINY = StudySize(num_steps=2, width=4, batch_size=4, num_fakes=20, evaluator_epochs=1)


def _crossed(values: dict[str, np.ndarray]) -> NoiseStudy:
    rows = [
        (i, j, k, readout, float(value))
        for readout, table in values.items()
        for (i, j, k), value in np.ndenumerate(table)
    ]
    design = NoiseDesign(is_crossed=True, count=250, num_steps=400)
    return NoiseStudy(pd.DataFrame(rows, columns=COLUMNS), design)


def _simulated() -> NoiseStudy:
    draw = np.random.default_rng(0)
    fcd = 9 + 3 * draw.normal(size=(6, 1, 1)) + 0.1 * draw.normal(size=(6, 5, 4))
    return _crossed({"g_fcd": fcd, "d_separation": draw.normal(size=(6, 5, 4))})


def test_each_readout_is_split_by_itself() -> None:
    study = _simulated()
    for readout, found in study.components.items():
        rows = study.repeats[study.repeats["readout"] == readout]["value"].to_numpy()
        np.testing.assert_allclose(found.squares, crossed(rows.reshape(6, 5, 4)).squares)
    first = study.parts[study.parts["readout"] == "g_fcd"].set_index("part")
    assert first["share"].idxmax() == "initialisation"
    assert first["share"].sum() == pytest.approx(1)
    assert (first["low"] <= first["variance"]).all()
    assert (first["variance"] <= first["high"]).all()


def test_words_give_the_band_the_cause_and_the_ratio_to_sampling() -> None:
    study = _simulated()
    band = study.bands.set_index("readout")["band"]["g_fcd"]
    said = study.verdict()
    assert f"below {band:.2g} in fcd and " in said
    assert (
        " % from the first weights" in said.partition("Of the variance of fcd there comes ")[2][:40]
    )
    parts = study.parts[study.parts["readout"] == "g_fcd"].set_index("part")["variance"]
    times = (parts[:3].sum() / parts[3:].sum()) ** 0.5
    assert times > 10
    assert f"{times:.2g} times as far as another draw of 250 images" in said


def test_parts_whose_intervals_overlap_are_not_ordered() -> None:
    """Two seeds and two orders: nothing is known of which of them moves the distance more."""
    values = {(0, 0): 4.0, (0, 1): 6.0, (1, 0): 5.0, (1, 1): 8.0}
    rows = [(i, j, 0, "g_fcd", value) for (i, j), value in values.items()]
    study = NoiseStudy(pd.DataFrame(rows, columns=COLUMNS), NoiseDesign(is_crossed=False))
    parts = study.parts.sort_values("variance", ascending=False)
    assert parts["low"].iloc[0] < parts["high"].iloc[1]
    assert study.verdict() == (
        f"A difference below {study.bands['band'].iloc[0]:.2g} in fcd between two such trainings "
        "cannot be told from retraining."
    )


def test_without_any_spread_there_is_nothing_to_tell() -> None:
    study = _crossed({"g_fcd": np.ones((2, 2, 2))})
    assert study.verdict() == "All 4 trainings on the same data gave the same."
    assert study.metrics() == {}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    study = _simulated()
    study.save(tmp_path)
    again = NoiseStudy.load(tmp_path)
    pd.testing.assert_frame_equal(again.repeats, study.repeats)
    assert again.design == study.design
    assert again.metrics() == study.metrics()
    (tmp_path / "noise.json").write_text("{}")
    with pytest.raises(InputError):
        NoiseStudy.load(tmp_path)


def _nulls(lost: list[tuple[str, int]] | None = None) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    names = [*(f"null_{k}" for k in range(4)), "contrast"]
    table = repeats(
        {name: 5 + draw.normal(size=(3, 4)) for name in names}, ["g_fcd", "d_shift", "g_recall"]
    )
    gone = [(name, seed) in (lost or []) for name, seed in zip(table["variant"], table["seed"])]
    return table[~np.array(gone)]


def test_nulls_are_split_between_and_within_seeds() -> None:
    study = noise_of_nulls(_nulls())
    assert set(study.bands["readout"]) == {"g_fcd", "g_recall"}  # d_shift is of two GANs
    table = _nulls()
    values = table[(table["readout"] == "g_fcd") & table["is_null"]]
    by_seed = values.groupby("seed")["value"]
    squares = study.components["g_fcd"].squares
    assert squares[0] == pytest.approx(4 * by_seed.mean().var())
    assert squares[1] == pytest.approx(by_seed.var().mean())


@pytest.mark.parametrize(
    ("lost", "left"),
    [
        (
            [("null_1", 2)],
            (4, 3),
        ),  # one null, a fourth of the seeds: or one seed, a fourth of nulls
        ([("null_1", 0), ("null_1", 3)], (4, 3)),
        ([("null_0", 1), ("null_2", 1)], (3, 4)),
        ([("contrast", 1)], (4, 4)),  # no null
    ],
)
def test_the_fewest_are_left_out_where_a_null_has_diverged(
    lost: list[tuple[str, int]], left: tuple[int, int]
) -> None:
    kept = noise_of_nulls(_nulls(lost)).repeats
    seeds, orders = kept["initialisation"].nunique(), kept["order"].nunique()
    assert sorted((seeds, orders)) == sorted(left)
    assert len(kept) == seeds * orders * 2
    if len(lost) > 1:
        assert (seeds, orders) == left


@pytest.mark.parametrize("lost", [[(f"null_{k}", seed) for k in range(3) for seed in range(4)]])
def test_too_few_nulls_are_refused(lost: list[tuple[str, int]]) -> None:
    with pytest.raises(InputError, match="fewer than two seeds"):
        noise_of_nulls(_nulls(lost))
    with pytest.raises(InputError):
        balanced(_nulls().rename(columns={"seed": "initialisation", "variant": "order"})[:0])


@pytest.mark.parametrize("name", ["num_initialisations", "num_orders", "num_draws"])
def test_one_of_a_kind_is_refused_before_anything_is_trained(name: str, digits: Dataset) -> None:
    with pytest.raises(InputError) as error:
        noise_of_retraining(digits, **{name: 1})
    assert error.value.where == name


def test_gans_differ_by_both_seeds_and_are_measured_on_draws_that_share_nothing(
    digits: Dataset,
) -> None:
    torch.set_num_threads(1)
    data = digits.take(torch.arange(200))
    method, packing = Method(discriminator="dcgan-plain"), Packing("loop", 1)
    study = noise_of_retraining(
        data,
        num_initialisations=2,
        num_orders=3,
        num_draws=2,
        size=TINY,
        method=method,
        packing=packing,
        seed=5,
    )
    assert study.design.count == 20
    assert study.repeats.groupby("readout").size().unique().tolist() == [12]
    fcd = study.repeats[study.repeats["readout"] == "g_fcd"]
    assert fcd["value"].nunique() == 12
    # the member whose seeds are both 6 is the plain training of seed 6
    size = replace(TINY, num_fakes=40, num_nulls=2)
    experiment = Experiment.begin(data, size, method=method, packing=packing, seed=5)
    plain = experiment.members([(experiment.recipes([])[0], experiment.train)], seeds=[6])
    draws = draws_of(experiment.evaluation, 2)
    assert study.design.evaluator == digest_of(experiment.evaluation.evaluator)
    assert not set(draws[0].z[:, 0].tolist()) & set(draws[1].z[:, 0].tolist())
    for number, draw in enumerate(draws):
        read = read_out(plain, draw, num_members=1).repeats.set_index("readout")["value"]
        at = (fcd["initialisation"] == 6) & (fcd["order"] == "order_6") & (fcd["draw"] == number)
        assert fcd[at]["value"].tolist() == [read["g_fcd"]]
