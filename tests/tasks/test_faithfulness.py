"""The stage `faithfulness`: every kind of map is judged, by figures that the tables bear out."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

from ganatomy.explain.faithfulness import judged
from ganatomy.explain.faithfulness.measure_tables import CURVE_COLUMNS
from ganatomy.explain.faithfulness.planted import RANDOM
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.verdict import CONTROLS, REMOVAL, RULES, trust
from ganatomy.explain.maps.methods import refusals
from ganatomy.explain.networks.targets import Target
from ganatomy.files import read_json
from ganatomy.gan.checkpoint import load_gan
from ganatomy.report.sections.faithfulness import SECTION
from ganatomy.report.sections.page_section import Picture
from ganatomy.tensors import read_tensors
from tasks.faithfulness import __main__ as faithfulness
from tasks.lime import __main__ as lime
from tasks.shared.artifact_paths import GAN
from tasks.shared.results import CURVES
from tests.tasks.explained import (
    CPU,
    explain,
    has_numbers_alone,
    hashes,
    make_discriminator_constant,
    make_generator_black,
    make_project,
    take_networks_without_convolutions,
)

IMAGES = 4  # real ones, and as many fakes
REGIONS = ["cell_0_0", "cell_1_1", "cell_1_2", "cell_2_1", "cell_2_2"]
OF_D = [
    *(
        f"{method} {layer}"
        for method in ("gradcam", "hirescam")
        for layer in ("layers.0", "layers.2")
    ),
    *("lime", "integrated gradients", "occlusion"),
]
OF_G = ["gradcam G layers.0", "hirescam G layers.0"]  # its last layer makes the only channel
PICTURES = {"agreement", "controls", "removal", "randomisation"}
TABLES = ("trust", "measures", "randomisation_d", "randomisation_g", "planted")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("faithfulness"))
    explain(folder, faithfulness)
    return folder


@pytest.fixture
def scratch(project: Path, tmp_path: Path) -> Path:
    """A copy to do with as one likes."""
    return shutil.copytree(project, tmp_path / "project")


def _report(project: Path) -> Path:
    return project / "reports" / "faithfulness"


def _table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(_report(project) / f"{name}.csv", keep_default_na=False, na_values=[""])


def _scores(project: Path) -> pd.DataFrame:
    return pd.read_parquet(_report(project) / "scores.parquet")


def test_every_file_is_there(project: Path) -> None:
    expected = {
        *(f"{name}.csv" for name in (*TABLES, "regions", "correlations")),
        *("regions.safetensors", "maps.safetensors", "shown.safetensors"),
        *("scores.parquet", "rules.json", "agreement.json", "refusals.json", "metrics.json"),
        "hiding.json",
    }
    (curves,) = set(hashes(_report(project))) - expected
    assert expected < set(hashes(_report(project)))
    assert list(pd.read_csv(_report(project) / curves).columns) == CURVE_COLUMNS
    assert curves != CURVES  # which is read by whoever records a run
    assert not list(project.glob("reports/.*"))


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_pictures_show_something(name: str, project: Path) -> None:
    figure = SECTION.figures(SECTION.load(_report(project)))[name]
    assert isinstance(figure, Picture)
    with Image.open(io.BytesIO(figure.drawn())) as image:
        picture = np.asarray(image)
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture)) > 5


def test_every_kind_of_map_is_judged_by_the_rule_that_is_told(project: Path) -> None:
    table = _table(project, "trust")
    assert table["method"].tolist() == [*OF_D, *OF_G]
    assert set(table[["faithful", "stable", "sane"]].stack()) <= {"pass", "fail", "not measured"}
    passed = (table[["faithful", "stable", "sane"]] == "pass").all(axis=1)
    assert table["trusted"].tolist() == passed.tolist()
    assert (table["why"].isna() == table["trusted"]).all()
    assert read_json(_report(project) / "rules.json") == RULES
    measures = _table(project, "measures").fillna({"against": ""})
    again = trust(measures).set_index("method")
    columns = ["faithful", "stable", "sane", "trusted"]
    pd.testing.assert_frame_equal(table.set_index("method")[columns], again[columns])


def test_measures_are_means_of_the_scores(project: Path) -> None:
    scores, metrics = _scores(project), read_json(_report(project) / "metrics.json")
    of_each = scores.groupby("method")["image"].nunique()
    assert of_each.to_dict() == {
        **dict.fromkeys(OF_D, 2 * IMAGES),
        **dict.fromkeys(OF_G, IMAGES),
    }
    rows = _table(project, "measures").fillna({"against": ""}).to_dict("records")
    found = {(row["method"], row["measure"], row["against"]): row["value"] for row in rows}
    means = scores.groupby(["method", "measure", "control"])["value"].mean().to_dict()
    for method in (*OF_D, *OF_G):
        for measure in (*REMOVAL, "infidelity"):
            own = means[method, measure, ""]
            assert metrics[f"{measure}/{method}"] == pytest.approx(own, rel=1e-5)
            if measure in REMOVAL:
                for control in CONTROLS:
                    expected = own - means[method, measure, control]
                    difference = found[method, measure, control]
                    assert difference == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_seeds_are_of_the_one_method_that_draws(project: Path) -> None:
    measures = _table(project, "measures")
    assert set(measures[measures["measure"] == "seed_stability"]["method"]) == {"lime"}
    assert set(measures[measures["measure"] == "sensitivity"]["method"]) == {*OF_D, *OF_G}


def test_networks_are_randomised_from_the_end_to_the_beginning(project: Path) -> None:
    of_d, of_g = _table(project, "randomisation_d"), _table(project, "randomisation_g")
    layers = of_d.drop_duplicates("step")["layer"].tolist()
    assert layers == ["logit", "layers.3", "layers.2", "layers.0"]
    assert of_g.drop_duplicates("step")["layer"].tolist()[-1] == "project"
    assert set(of_d["method"]) == set(OF_D)
    assert set(of_g["method"]) == set(OF_G)
    measures = _table(project, "measures")
    signed = measures[measures["measure"] == "randomisation_signed"].set_index("method")["value"]
    last = of_d[of_d["step"] == of_d["step"].max()].set_index("method")["correlation"]
    np.testing.assert_allclose(signed[OF_D], last[OF_D])


def test_regions_are_ranked_as_by_retraining_and_by_maps(project: Path) -> None:
    """A tone is no region; |t| are those of the ranking."""
    regions = _table(project, "regions").set_index("region")
    assert regions.index.tolist() == REGIONS
    assert regions["retraining, G"].tolist() == [0.1, 3.0, 2.0, 1.0, 5.0]
    assert regions["retraining, D"].tolist() == [0.2, 4.0, 1.0, 2.0, 3.0]
    assert list(regions.columns) == ["retraining, G", "retraining, D", *OF_D]
    correlations = _table(project, "correlations").set_index("method")
    assert list(correlations.columns) == correlations.index.tolist() == list(regions.columns)
    expected = spearmanr(regions.to_numpy()).statistic  # of each column with each
    np.testing.assert_allclose(correlations.to_numpy(), expected, atol=1e-9)


def test_the_largest_disagreement_is_told_first(project: Path) -> None:
    regions = _table(project, "regions").set_index("region")
    ranks = regions.rank(ascending=False)
    spread = ranks.max(axis=1) - ranks.min(axis=1)
    sentences = read_json(_report(project) / "agreement.json")["sentences"]
    named = [next(name for name in REGIONS if name in sentence) for sentence in sentences]
    assert named == sorted(named, key=lambda name: -spread[name])
    assert len(sentences) == int((spread > 0).sum())
    metrics = read_json(_report(project) / "metrics.json")
    assert metrics["num_disputed_regions"] == len(sentences)


def test_methods_are_tried_on_what_is_known(project: Path) -> None:
    planted: dict[Any, Any] = _table(project, "planted").set_index("method").to_dict("index")
    cams = [
        f"{method} {layer}"
        for method in ("gradcam", "hirescam")
        for layer in ("early", "middle", "late")
    ]
    others = ["lime", "integrated gradients", "occlusion"]
    assert set(planted) == {*cams, *others, RANDOM}
    for method in ("hirescam early", "integrated gradients"):  # exact by theory
        assert planted[method]["pointing"] == 1
        assert planted[method]["iou"] > 2 * planted[RANDOM]["iou"]
    assert planted["hirescam early"]["mass"] > 0.99
    assert planted["gradcam early"]["pointing"] < 0.9  # sees the whole image
    assert planted["lime"]["iou"] > planted[RANDOM]["iou"]


def test_figures_and_progress_are_whole(project: Path) -> None:
    path = _report(project) / "metrics.json"
    assert has_numbers_alone(path)
    metrics, table = read_json(path), _table(project, "trust")
    assert metrics["num_methods"] == len(table) == len(OF_D) + len(OF_G)
    assert metrics["num_trusted"] == table["trusted"].sum()
    lines = (project / "run" / "faithfulness.events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    progress = [event for event in events if event["kind"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]
    assert progress[-1]["unit"] == "planted truth"


def test_what_is_loaded_saves_the_same_bytes_and_figures(project: Path, tmp_path: Path) -> None:
    study = FaithfulnessStudy.load(_report(project))
    study.save(tmp_path)
    before = hashes(_report(project))
    del before["metrics.json"]  # the stage writes it
    assert hashes(tmp_path) == before
    metrics = read_json(_report(project) / "metrics.json")
    assert {name: value for name, value in study.metrics().items() if value == value} == metrics


def test_the_verdict_is_in_words_and_of_the_tables(project: Path) -> None:
    said = FaithfulnessStudy.load(_report(project)).verdict()
    table = _table(project, "trust")
    trusted = table[table["trusted"]]["method"].tolist()
    head = f"{len(trusted)} of {len(table)}" if trusted else f"None of {len(table)}"
    assert said.startswith(f"{head} kinds of map can be trusted")
    assert all(method in said for method in trusted)
    assert said.endswith(read_json(_report(project) / "agreement.json")["sentences"][0])


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "lime", "num_samples": 200},
        {"tolerance": 1e-4, "max_samples": 700},
    ],
)
def test_the_maps_of_lime_that_are_judged_are_those_that_are_shown(
    change: dict[str, Any], scratch: Path
) -> None:
    """However LIME is told to sample; other samples would give other maps."""
    usual = read_tensors(_report(scratch) / "maps.safetensors")["lime"]
    explain(scratch, lime, lime={"latent_targets": [], "num_averaged": IMAGES, **change})
    explain(scratch, faithfulness, lime=change)
    judged_maps = read_tensors(_report(scratch) / "maps.safetensors")["lime"]
    for number, case in enumerate(("d_real", "d_fake")):
        shown = read_tensors(scratch / "reports" / "lime" / f"{case}.safetensors")
        rows = shown["rows"] + number * IMAGES
        assert len(rows) == 3
        if "engine" in change:  # one image after the other: nothing depends on its neighbours
            assert torch.equal(judged_maps[rows], shown["maps"])
        torch.testing.assert_close(judged_maps[rows], shown["maps"], rtol=0, atol=1e-5)
        assert (usual[rows] - shown["maps"]).abs().max() > 1e-3


def test_a_second_run_gives_the_same_bytes(project: Path, scratch: Path) -> None:
    shutil.rmtree(_report(scratch))
    explain(scratch, faithfulness)
    assert hashes(_report(scratch)) == hashes(_report(project))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("unlabelled", marks=pytest.mark.slow),
        "coloured",
        pytest.param("conditional", marks=pytest.mark.slow),
    ],
)
def test_other_data_is_judged_too(what: str, tmp_path: Path) -> None:
    folder = make_project(
        tmp_path,
        labelled=what != "unlabelled",
        coloured=what == "coloured",
        conditional=what == "conditional",
    )
    explain(folder, faithfulness, lime={"num_samples": 160}, gradcam={"methods": ["layercam"]})
    table = _table(folder, "trust")
    gan = load_gan(folder / GAN, CPU)
    of_d, of_g = (
        [name for name, layer in network.named_modules() if getattr(layer, "out_channels", 0) > 3]
        for network in (gan.discriminator, gan.generator_ema)
    )
    assert len(of_d) == (3 if what == "coloured" else 2)
    assert table["method"].tolist() == [
        *(f"layercam {layer}" for layer in of_d),
        *("lime", "integrated gradients", "occlusion"),
        *(f"layercam G {layer}" for layer in of_g),
    ]
    assert (table["faithful"] != "not measured").all()
    assert len(_table(folder, "regions")) == len(REGIONS)
    assert has_numbers_alone(_report(folder) / "metrics.json")


@pytest.mark.slow
@pytest.mark.parametrize("regions", [0, 1])
def test_where_hardly_a_region_was_retrained_the_rest_is_judged(
    regions: int, scratch: Path
) -> None:
    path = scratch / "reports" / "importance" / "ranking.csv"
    ranking = pd.read_csv(path)
    is_region = ranking["features"].str.startswith("cell_")
    ranking[~is_region | (is_region.cumsum() <= regions)].to_csv(path, index=False)
    explain(scratch, faithfulness)
    (sentence,) = read_json(_report(scratch) / "agreement.json")["sentences"]
    assert "nothing can be compared" in sentence
    assert len(_table(scratch, "trust")) == len(OF_D) + len(OF_G)
    assert has_numbers_alone(_report(scratch) / "metrics.json")


def test_a_constant_discriminator_has_nothing_that_could_be_trusted(scratch: Path) -> None:
    make_discriminator_constant(scratch)
    explain(scratch, faithfulness)
    table = _table(scratch, "trust")
    assert table["method"].tolist() == [*OF_D, *OF_G]
    assert (table[["faithful", "stable", "sane"]] == "not measured").all(axis=None)
    assert not table["trusted"].any()
    assert table["refused"].str.contains("0 for every").all()
    refused = read_json(_report(scratch) / "refusals.json")
    assert {row["method"] for row in refused} == {*OF_D, *OF_G}
    metrics = read_json(_report(scratch) / "metrics.json")
    assert metrics["num_trusted"] == 0
    assert has_numbers_alone(_report(scratch) / "metrics.json")
    own = _scores(scratch)
    assert own[own["control"] == ""]["value"].isna().all()
    said = " ".join(read_json(_report(scratch) / "agreement.json")["sentences"])
    assert "retraining" in said
    assert not any(method in said for method in (*OF_D, *OF_G))


def test_networks_without_feature_maps_are_judged_by_what_needs_none(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scratch))
    take_networks_without_convolutions(scratch)
    shutil.rmtree(_report(scratch))
    explain(scratch, faithfulness)
    table = _table(scratch, "trust")
    assert table["method"].tolist() == ["lime", "integrated gradients", "occlusion"]
    assert (table[["faithful", "stable", "sane"]] != "not measured").all(axis=None)
    assert has_numbers_alone(_report(scratch) / "metrics.json")


def test_a_map_of_one_image_that_is_refused_is_told_and_left_out(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of one that LIME could not tell apart from what hides it."""

    def refuse(
        target: Target, inputs: torch.Tensor, maps: dict[str, torch.Tensor], **more: Any
    ) -> dict[str, list[str]]:
        found = refusals(target, inputs, maps, **more)
        return {
            name: ["made up", *reasons[1:]] if name == "lime" else reasons
            for name, reasons in found.items()
        }

    monkeypatch.setattr(judged, "refusals", refuse)
    explain(scratch, faithfulness)
    (row,) = read_json(_report(scratch) / "refusals.json")
    assert row == {"method": "lime", "images": 1, "of": 2 * IMAGES, "reason": "made up"}
    table = _table(scratch, "trust").set_index("method")["refused"]
    assert "1 of 8" in table["lime"]
    assert "made up" in table["lime"]
    assert table.drop("lime").isna().all()
    own = _scores(scratch)
    own = own[(own["method"] == "lime") & (own["control"] == "")]
    missing = own[own["value"].isna()]
    assert set(missing["image"]) == {0}
    assert len(missing) == own["measure"].nunique()


@pytest.mark.slow
def test_a_generator_that_makes_one_image_has_its_maps_refused(scratch: Path) -> None:
    """All black: of fakes nothing can be told, of reals as much as ever."""
    make_generator_black(scratch)
    explain(scratch, faithfulness, lime={"baseline": "blur"})
    table = _table(scratch, "trust").set_index("method")
    assert table.loc[OF_G, "refused"].notna().all()
    assert (table.loc[OF_G, "faithful"] == "not measured").all()
    assert (table.loc[OF_D, "faithful"] != "not measured").all()
    refused = read_json(_report(scratch) / "refusals.json")
    counts = {row["method"]: row["images"] for row in refused}
    assert counts["lime"] == counts["occlusion"] == IMAGES  # blurred black is black
    assert counts[OF_G[0]] == IMAGES
