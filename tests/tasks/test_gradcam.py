"""The stage `gradcam`: what it writes is what the networks say, and what it cannot say it tells."""

import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.units.ablation import CAUSAL_COLUMNS
from ganatomy.explain.units.dissection import DISSECTION_COLUMNS
from ganatomy.files import read_json
from ganatomy.gan.model import Gan
from ganatomy.metrics import evaluator_file
from ganatomy.report.parts import fill
from ganatomy.report.sections.gradcam import SECTION
from ganatomy.report.sections.page_section import Picture
from ganatomy.tensors import read_tensors
from tasks.gradcam import __main__ as gradcam
from tasks.shared.artifact_paths import EVALUATOR
from tasks.shared.samples import load_subjects
from tests.harness import ROOT, python
from tests.tasks.explained import (
    CPU,
    LATENT_DIM,
    REMEMBERED,
    explain,
    gan_as_explained,
    has_numbers_alone,
    hashes,
    make_discriminator_constant,
    make_generator_black,
    make_project,
    take_networks_without_convolutions,
    warnings,
)

ALL = ["gradcam", "gradcam++", "hirescam", "layercam"]
TARGETS = ["d_logit", "class", "class(3)", "region(cell_1_1)"]
SHOWN, AVERAGED = 3, 12
LAYERS_D, LAYERS_G = ["layers.0", "layers.2"], ["layers.0", "layers.3"]
QUICK = {"num_images": 2, "num_averaged": 4, "num_ablated": 3, "methods": ["gradcam"]}
PICTURES = {
    *("d_maps", "g_maps", "g_targets", "classes", "causal", "dissection", "units", "film"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything asked that can be."""
    folder = make_project(tmp_path_factory.mktemp("gradcam"))
    explain(folder, gradcam, gradcam={"methods": ALL, "targets": TARGETS})
    return folder


@pytest.fixture(scope="module")
def gan(project: Path) -> Gan:
    return gan_as_explained(project)


@pytest.fixture
def scratch(project: Path, tmp_path: Path) -> Path:
    """A copy to do with as one likes."""
    return shutil.copytree(project, tmp_path / "project")


def _report(project: Path) -> Path:
    return project / "reports" / "gradcam"


def _hirescam(
    network: nn.Module, module: nn.Module, inputs: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """By hand: gradient times activation, summed over channels; and the logits."""
    seen: list[torch.Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    logits = network(inputs.clone().requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(logits.sum(), seen)
    maps = (gradient * seen[0]).sum(1, keepdim=True).detach()
    size = inputs.shape[-2:] if inputs.ndim == 4 else (28, 28)
    maps = functional.interpolate(maps, tuple(size), mode="bilinear")
    return maps[:, 0], logits.detach()


def _tensors(project: Path, name: str) -> dict[str, torch.Tensor]:
    return read_tensors(_report(project) / f"{name}.safetensors")


def _table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(_report(project) / f"{name}.csv")


def _pictures(project: Path) -> dict[str, bytes]:
    """As the page shows them."""
    return fill(SECTION, SECTION.load(_report(project))).figures


def _picture(project: Path, name: str) -> np.ndarray:
    figure = SECTION.figures(SECTION.load(_report(project)))[name]
    assert isinstance(figure, Picture)
    content = figure.drawn()
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def test_every_file_is_there(project: Path) -> None:
    cases = ("d_real", "d_fake", "g_fake", "difference", "g_targets")
    tensors = (*cases, "class_means", "class_images", "disagreement", "film", "units")
    tables = ("causal", "dissection", "disagreement", "concepts")
    expected = {
        *(f"{name}.safetensors" for name in tensors),
        *(f"{name}.csv" for name in tables),
        *("metrics.json", "refusals.json", "maps.json"),
    }
    assert set(hashes(_report(project))) == expected
    assert not list(project.glob("reports/.*"))


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_pictures_show_something(name: str, project: Path) -> None:
    picture = _picture(project, name)
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture)) > 5


@pytest.mark.parametrize("layer", LAYERS_D)
def test_maps_of_d_are_those_of_captum(layer: str, project: Path, gan: Gan) -> None:
    kept = _tensors(project, "d_real")
    module = gan.discriminator.get_submodule(layer)
    expected = LayerGradCam(gan.discriminator, module).attribute(kept["inputs"])
    expected = functional.interpolate(expected, (28, 28), mode="bilinear")[:, 0].detach()
    found = kept[f"gradcam {layer}"]
    assert found.shape == (SHOWN, 28, 28)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.std()))
    with torch.no_grad():
        torch.testing.assert_close(kept["scores"], gan.discriminator(kept["inputs"]))


def test_maps_of_g_are_those_of_the_whole_chain(project: Path, gan: Gan) -> None:
    kept = _tensors(project, "g_fake")
    chain = nn.Sequential(gan.generator_ema, gan.discriminator)
    layer = gan.generator_ema.get_submodule("layers.0")
    by_hand, logits = _hirescam(chain, layer, kept["inputs"])
    found = kept["hirescam generator.layers.0"]
    torch.testing.assert_close(found, by_hand, rtol=1e-3, atol=1e-4 * float(by_hand.std()))
    torch.testing.assert_close(kept["scores"], logits)


def test_each_method_and_layer_of_each_case_is_kept(project: Path) -> None:
    of_g = [f"generator.{layer}" for layer in LAYERS_G]
    for case, layers in (("d_real", LAYERS_D), ("d_fake", LAYERS_D), ("g_fake", of_g)):
        maps = {f"{method} {layer}" for method in ALL for layer in layers}
        kept = _tensors(project, case)
        assert set(kept) == maps | {"inputs", "scores"}
        assert all(kept[name].shape == (SHOWN, 28, 28) for name in maps)


def test_the_difference_is_of_a_real_and_a_fake(project: Path, gan: Gan) -> None:
    kept, real, fake = (_tensors(project, case) for case in ("difference", "d_real", "d_fake"))
    torch.testing.assert_close(kept["inputs"][:, 0], real["inputs"], rtol=0, atol=0)
    torch.testing.assert_close(kept["inputs"][:, 1], fake["inputs"], rtol=0, atol=0)
    torch.testing.assert_close(kept["scores"], real["scores"] - fake["scores"])
    name = "hirescam layers.2"
    assert kept[name].shape == (SHOWN, 2, 28, 28)
    torch.testing.assert_close(kept[name][:, 0], real[name], rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(kept[name][:, 1], -fake[name], rtol=1e-3, atol=1e-6)


def test_every_target_has_a_map_at_gs_image(project: Path, gan: Gan) -> None:
    kept, z = _tensors(project, "g_targets"), _tensors(project, "g_fake")["inputs"]
    names = ["d_logit_of_g", "class", "class(3)", "region(cell_1_1)"]
    assert set(kept) == {*names, *(f"scores/{name}" for name in names)}
    evaluator, _ = evaluator_file.load(project / EVALUATOR, CPU)
    with torch.no_grad():
        fakes = gan.generator_ema(z)
        expected = [
            gan.discriminator(fakes),
            evaluator(fakes).max(1).values,
            evaluator(fakes)[:, 3],
            fakes[:, :, 7:14, 7:14].mean((1, 2, 3)),
        ]
    for name, scores in zip(names, expected):
        torch.testing.assert_close(kept[f"scores/{name}"], scores, rtol=1e-4, atol=1e-5)
    # what lights up one cell is made near it
    where = kept["region(cell_1_1)"].abs().mean(0)
    assert where[5:16, 5:16].mean() > 3 * where[20:, 20:].mean()


def test_class_means_are_means_of_magnitudes(
    project: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    samples = load_subjects(AVERAGED, 0, CPU)
    assert samples.d_layers.last is not None
    module = gan.discriminator.get_submodule(samples.d_layers.last)
    kept = _tensors(project, "class_means")
    for case, images, labels in (
        ("d_real", samples.real, samples.real_labels),
        ("d_fake", samples.fake, samples.fake_labels),
    ):
        maps, _ = _hirescam(gan.discriminator, module, images)
        for label in labels.unique().tolist():
            expected = maps[labels == label].abs().mean(0)
            found = kept[f"{case}/{samples.class_names[label]}"]
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    seen = {samples.class_names[label] for label in samples.fake_labels.unique().tolist()}
    assert {name for name in kept if name.startswith("g_fake")} == {f"g_fake/{n}" for n in seen}


def test_channels_are_taken_away_in_every_layer(project: Path) -> None:
    causal = _table(project, "causal")
    assert list(causal.columns) == CAUSAL_COLUMNS
    layers = set(causal["layer"])
    assert {*(f"D {layer}" for layer in LAYERS_D), "G layers.0"} <= layers
    assert "G layers.3" not in layers  # it makes the only channel
    for _, own in causal.groupby("layer"):
        assert own["share"].tolist() == [0.1, 0.25, 0.5]
    assert (causal["passes"] == (causal["low"] > 0)).all()
    share = read_json(_report(project) / "metrics.json")["share_of_causal_checks_passed"]
    assert share == pytest.approx(causal["passes"].mean())


def test_every_unit_of_g_is_tried_on_every_concept(project: Path, gan: Gan) -> None:
    table = _table(project, "dissection")
    assert list(table.columns) == DISSECTION_COLUMNS
    units = len(gan.generator_ema.get_parameter("layers.0.weight")[0])
    concepts = {"D's logit", "brightness", *"0123456789"}
    rows = set(zip(table["layer"], table["unit"], table["concept"]))
    assert rows == {("layers.0", unit, name) for unit in range(units) for name in concepts}
    outstanding = table[table["stands_out"]]
    assert (outstanding["q"] <= 0.05).all()
    metrics = read_json(_report(project) / "metrics.json")
    assert metrics["num_units_that_stand_out"] == outstanding["unit"].nunique()
    read = _table(project, "concepts")
    assert read["concept"].tolist() == ["brightness"]
    assert read["held_out_r2"].between(0.5, 1).all()


def test_disagreement_is_told_of_every_image(
    project: Path, gan: Gan, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, metrics = _table(project, "disagreement"), read_json(_report(project) / "metrics.json")
    assert len(table) == AVERAGED
    for name in ("overlap", "chance_overlap", "correlation"):
        assert metrics[f"mean_{name}"] == pytest.approx(table[name].mean(), rel=1e-5)
    monkeypatch.chdir(project)
    samples = load_subjects(AVERAGED, 0, CPU)
    assert samples.d_layers.last is not None
    assert samples.g_layers.last is not None
    chain = nn.Sequential(gan.generator_ema, gan.discriminator)
    in_g = gan.generator_ema.get_submodule(samples.g_layers.last)
    of_g, _ = _hirescam(chain, in_g, samples.z)
    in_d = gan.discriminator.get_submodule(samples.d_layers.last)
    of_d, _ = _hirescam(gan.discriminator, in_d, samples.fake)
    shares = [maps.abs().flatten(1).double() for maps in (of_d, of_g)]
    one, two = (each / each.sum(1, keepdim=True) for each in shares)
    np.testing.assert_allclose(table["overlap"], torch.minimum(one, two).sum(1), rtol=1e-3)


def test_figures_are_numbers(project: Path) -> None:
    assert has_numbers_alone(_report(project) / "metrics.json")
    metrics = read_json(_report(project) / "metrics.json")
    assert metrics["num_layers_d"] == metrics["num_layers_g"] == 2
    assert metrics["num_refusals"] == len(read_json(_report(project) / "refusals.json"))


def test_the_page_has_a_picture_of_everything(project: Path) -> None:
    frames = {f"film_{step:09d}" for step in REMEMBERED}  # for the run's record
    assert set(_pictures(project)) == PICTURES | frames


def test_the_film_has_a_frame_for_each_gan_that_was_remembered(project: Path, gan: Gan) -> None:
    frames = MapsStudy.load(_report(project)).film
    assert tuple(frame.step for frame in frames) == REMEMBERED
    z = _tensors(project, "g_fake")["inputs"]
    with torch.no_grad():
        fakes = gan.generator_ema(z)
        torch.testing.assert_close(frames[-1].images[:SHOWN], fakes, rtol=1e-4, atol=1e-5)
        logits = gan.discriminator(fakes)
    torch.testing.assert_close(frames[-1].scores[:SHOWN], logits, rtol=1e-4, atol=1e-5)
    assert set(frames[0].maps) == {"D", "G"}
    with Image.open(io.BytesIO(_pictures(project)["film"])) as film:
        assert film.n_frames == len(REMEMBERED)  # type: ignore[attr-defined]


def test_progress_ends_at_its_total(project: Path) -> None:
    lines = (project / "run" / "gradcam.events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    progress = [event for event in events if event["kind"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]


def test_what_is_loaded_saves_the_same_bytes_and_figures(project: Path, tmp_path: Path) -> None:
    study = MapsStudy.load(_report(project))
    study.save(tmp_path)
    before = hashes(_report(project))
    del before["metrics.json"]  # the stage writes it
    assert hashes(tmp_path) == before
    metrics = read_json(_report(project) / "metrics.json")
    assert {name: value for name, value in study.metrics().items() if value == value} == metrics


def test_the_verdict_is_in_words_and_of_the_tables(project: Path) -> None:
    said = MapsStudy.load(_report(project)).verdict()
    causal, units = _table(project, "causal"), _table(project, "dissection")
    assert f"In {causal['passes'].sum()} of {len(causal)} checks" in said
    assert f"overlap by {_table(project, 'disagreement')['overlap'].mean():.2f}" in said
    assert f"Of {len(units[['layer', 'unit']].drop_duplicates())} units of G" in said


def test_a_second_run_gives_the_same_bytes(project: Path, scratch: Path) -> None:
    shutil.rmtree(_report(scratch))
    explain(scratch, gradcam, gradcam={"methods": ALL, "targets": TARGETS})
    assert hashes(_report(scratch)) == hashes(_report(project))


@pytest.mark.parametrize("name", ["concept(nonsense)", "region(contrast)", "class(zzz)", "foo"])
def test_a_wrong_target_leaves_everything_as_it_was(name: str, project: Path) -> None:
    before = hashes(project / "reports")
    with pytest.raises(InputError) as error:
        explain(project, gradcam, gradcam={**QUICK, "targets": [name]})
    assert error.value.where == "gradcam.targets"
    assert hashes(project / "reports") == before
    assert not list((project / "reports").glob(".*"))


def test_a_concept_that_no_pixels_show_is_wrong_input(project: Path) -> None:
    with pytest.raises(InputError, match="class_1") as error:
        explain(project, gradcam, gradcam={**QUICK, "targets": [], "concepts": ["class_1"]})
    assert error.value.where == "gradcam.concepts"


def test_wrong_input_ends_the_process_with_one_sentence_and_code_2(scratch: Path) -> None:
    params = json.loads((scratch / "params.yaml").read_text())
    params["gradcam"] = {**QUICK, "targets": ["foo"]}
    (scratch / "params.yaml").write_text(json.dumps(params))
    before = hashes(scratch / "reports")
    done = python(scratch, "-m", "tasks.gradcam", PYTHONPATH=str(ROOT))
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines() == [
        "gradcam: error: unknown target 'foo' [gradcam.targets]. There are: d_logit, class, "
        "class(NAME), concept(NAME), region(NAME), brightness, contrast, saturation, red, green, "
        "blue."
    ]
    assert hashes(scratch / "reports") == before


def test_without_targets_and_concepts_the_rest_is_there(scratch: Path) -> None:
    shutil.rmtree(_report(scratch))
    explain(scratch, gradcam, gradcam={**QUICK, "targets": [], "concepts": []})
    assert "g_targets" not in _pictures(scratch)
    assert set(_table(scratch, "dissection")["concept"]) == {"D's logit", *"0123456789"}
    concepts = _table(scratch, "concepts")  # the page reads it
    assert list(concepts.columns) == ["concept", "held_out_r2"]
    assert concepts.empty


@pytest.mark.parametrize(
    "what", ["unlabelled", "coloured", pytest.param("conditional", marks=pytest.mark.slow)]
)
def test_other_data_is_explained_too(what: str, tmp_path: Path) -> None:
    folder = make_project(
        tmp_path,
        labelled=what != "unlabelled",
        coloured=what == "coloured",
        conditional=what == "conditional",
    )
    explain(folder, gradcam, gradcam=QUICK)
    kept, means = _tensors(folder, "d_real"), _tensors(folder, "class_means")
    size, channels = (32, 3) if what == "coloured" else (28, 1)
    assert kept["inputs"].shape == (2, channels, size, size)
    assert kept["gradcam layers.0"].shape == (2, size, size)
    z = _tensors(folder, "g_fake")["inputs"]
    assert z.shape == (2, LATENT_DIM + 10 * (what == "conditional"))
    if what == "unlabelled":
        assert set(means) == {"d_real/all", "d_fake/all", "g_fake/all"}
        assert set(_table(folder, "dissection")["concept"]) == {"D's logit", "brightness"}
    else:
        assert "d_real/3" in means
    assert has_numbers_alone(_report(folder) / "metrics.json")


def test_a_constant_discriminator_is_told_in_words_and_not_drawn(scratch: Path) -> None:
    """Its last layer is all zeros: what is left are reasons in place of maps."""
    make_discriminator_constant(scratch)
    before = _picture(scratch, "d_maps")
    said = warnings(explain(scratch, gradcam, gradcam={"methods": ["gradcam"]}))
    refused = read_json(_report(scratch) / "refusals.json")
    maps = {(row["case"], row["method"], row["images"]) for row in refused}
    assert maps == {
        *(("d_real", f"gradcam {layer}", AVERAGED) for layer in LAYERS_D),
        *(("d_fake", f"gradcam {layer}", AVERAGED) for layer in LAYERS_D),
        *(("g_fake", f"gradcam generator.{layer}", AVERAGED) for layer in LAYERS_G),
    }
    assert all("0 for every image" in row["reason"] for row in refused)
    assert any("D's logit is left out" in text for text in said)
    assert "D's logit" not in set(_table(scratch, "dissection")["concept"])
    assert not _table(scratch, "causal")["passes"].any()
    assert has_numbers_alone(_report(scratch) / "metrics.json")
    after = _picture(scratch, "d_maps")
    bluish = after[..., 2].astype(int) - after[..., 0] > 40  # of maps; reasons are warm
    assert not bluish.any()
    assert (before[..., 2].astype(int) - before[..., 0] > 40).any()


def test_a_discriminator_that_is_no_number_is_told_in_words(scratch: Path) -> None:
    make_discriminator_constant(scratch, logit=math.nan)
    shutil.rmtree(_report(scratch))
    explain(scratch, gradcam, gradcam={**QUICK, "targets": ["class"]})
    refused = read_json(_report(scratch) / "refusals.json")
    assert {row["case"] for row in refused} == {"d_real", "d_fake", "g_fake"}
    assert all("NaN" in row["reason"] for row in refused)
    assert "causal" not in _pictures(scratch)
    assert has_numbers_alone(_report(scratch) / "metrics.json")


def test_networks_without_feature_maps_have_no_maps_and_are_looked_at_all_the_same(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scratch))
    take_networks_without_convolutions(scratch)
    shutil.rmtree(_report(scratch))
    said = warnings(explain(scratch, gradcam, gradcam=QUICK))
    assert [text for text in said if "returns a feature map" in text] == [
        "no layer of D returns a feature map: it has no maps",
        "no layer of G returns a feature map: it has no maps",
    ]
    pictures = set(_pictures(scratch))
    assert "film" in pictures
    of_maps = {"d_maps", "g_maps", "causal", "dissection", "disagreement", "classes"}
    assert not pictures & of_maps
    assert has_numbers_alone(_report(scratch) / "metrics.json")


def test_a_generator_that_makes_one_image_is_explained_as_far_as_it_goes(scratch: Path) -> None:
    """All black, as of a G whose tanh ran into its end: the page is needed most of all then."""
    make_generator_black(scratch)
    explain(scratch, gradcam, gradcam={**QUICK, "targets": ["class"]})
    assert read_json(_report(scratch) / "refusals.json")
    assert has_numbers_alone(_report(scratch) / "metrics.json")
