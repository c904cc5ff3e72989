"""The stage `lime`: surrogates that are D's, whatever hides a segment, or the reason why not."""

import io
import shutil
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

from ganatomy.errors import InputError
from ganatomy.explain.lime.result import LimeStudy
from ganatomy.files import read_json
from ganatomy.report.parts import fill
from ganatomy.report.sections.lime import SECTION
from ganatomy.report.sections.page_section import Picture
from ganatomy.tensors import read_tensors
from tasks.lime import __main__ as lime
from tasks.shared.keys import keyed
from tasks.shared.samples import fake_latents, load_subjects
from tests.tasks.explained import (
    CPU,
    LATENT_DIM,
    SMALL,
    explain,
    gan_as_explained,
    has_numbers_alone,
    hashes,
    make_discriminator_constant,
    make_generator_black,
    make_project,
)

SHOWN, AVERAGED, LATENTS, DIM = 3, 12, 3, LATENT_DIM
CASES = ("d_real", "d_fake", "g_regions")
PICTURES = {"d_maps", "g_regions", "classes", "r2", "latents"}
QUICK: dict[str, Any] = {"num_images": 2, "num_averaged": 3, "latent_targets": []}
RADIUS = 0.3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("lime"))
    explain(folder, lime, lime={"latent_radius": RADIUS, "baseline": "mean"})
    return folder


@pytest.fixture
def scratch(project: Path, tmp_path: Path) -> Path:
    """A copy to do with as one likes."""
    return shutil.copytree(project, tmp_path / "project")


def _report(project: Path) -> Path:
    return project / "reports" / "lime"


def _tensors(project: Path, name: str) -> dict[str, torch.Tensor]:
    return read_tensors(_report(project) / f"{name}.safetensors")


def _table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(_report(project) / f"{name}.csv", keep_default_na=False, na_values=[""])


def _pictures(project: Path) -> dict[str, bytes]:
    """As the page shows them."""
    return fill(SECTION, SECTION.load(_report(project))).figures


def _picture(project: Path, name: str) -> np.ndarray:
    figure = SECTION.figures(SECTION.load(_report(project)))[name]
    assert isinstance(figure, Picture)
    content = figure.drawn()
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def _mask(folder: Path, row: int, column: int) -> str:
    pixels = np.zeros((28, 28), dtype=np.uint8)
    pixels[7 * row : 7 * row + 7, 7 * column : 7 * column + 7] = 255
    path = folder / f"mask{row}{column}.png"
    Image.fromarray(pixels).save(path)
    return str(path)


def test_every_file_is_there(project: Path) -> None:
    assert set(hashes(_report(project))) == {
        *(f"{name}.safetensors" for name in (*CASES, "class_means", "class_images")),
        *("surrogates.csv", "latents.csv", "latent_fits.csv", "metrics.json", "lime.json"),
    }
    assert not list(project.glob("reports/.*"))


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_pictures_show_something(name: str, project: Path) -> None:
    picture = _picture(project, name)
    assert min(picture.shape[:2]) > 100
    assert len(np.unique(picture)) > 5


@pytest.mark.parametrize("case", CASES)
def test_a_surrogate_foretells_d(case: str, project: Path) -> None:
    """Painted anew and asked: half of the segments hidden moves D as the coefficients say."""
    kept = _tensors(project, case)
    gan = gan_as_explained(project)
    with torch.no_grad():
        logits = gan.discriminator(kept["inputs"])
    torch.testing.assert_close(kept["scores"].float(), logits, rtol=1e-4, atol=1e-5)
    assert kept["inputs"].shape == (SHOWN, 1, 28, 28)
    assert kept["segments"].unique().tolist() == list(range(49))
    train = read_tensors(project / "data" / "prepared" / "train.safetensors")["images"]
    hidden = (train.double() / 127.5 - 1).mean(0).float().expand(SHOWN, -1, -1, -1)
    if case == "g_regions":  # what the generator draws there from half of each latent
        z = fake_latents(AVERAGED, gan.architecture, 0)[kept["rows"]]
        with torch.no_grad():
            torch.testing.assert_close(gan.generator_ema(z), kept["inputs"], rtol=0, atol=1e-5)
            hidden = gan.generator_ema(z / 2)
    draw = torch.Generator().manual_seed(0)
    for place in range(SHOWN):
        shown = torch.rand(40, 49, generator=draw) < 0.5
        inside = shown[:, kept["segments"][place]][:, None]
        with torch.no_grad():
            values = gan.discriminator(torch.where(inside, kept["inputs"][place], hidden[place]))
        foretold = shown.double() @ kept[f"coefficients/{place:03d}"]
        assert np.corrcoef(values.numpy(), foretold.numpy())[0, 1] > 0.8


@pytest.mark.parametrize("case", CASES)
def test_maps_are_coefficients_in_their_places(case: str, project: Path) -> None:
    kept = _tensors(project, case)
    for place in range(SHOWN):
        own = kept[f"coefficients/{place:03d}"]
        assert own.shape == kept[f"low/{place:03d}"].shape == (49,)
        torch.testing.assert_close(kept["maps"][place], own[kept["segments"][place]].float())
        assert (kept[f"low/{place:03d}"] <= own).all()
        assert (kept[f"high/{place:03d}"] >= own).all()


def test_fit_is_told_of_every_image(project: Path) -> None:
    table, metrics = _table(project, "surrogates"), read_json(_report(project) / "metrics.json")
    columns = ["group", "score", "share_below", "r2", "held_out_r2"]
    columns += ["half_width", "num_samples", "refusal"]
    assert list(table.columns) == columns
    assert table["group"].value_counts().to_dict() == dict.fromkeys(CASES, AVERAGED)
    assert table["refusal"].isna().all()
    assert (table["num_samples"] == 128).all()
    assert (table["held_out_r2"] < table["r2"]).mean() > 0.8
    for case, own in table.groupby("group"):
        assert metrics[f"mean_r2_{case}"] == pytest.approx(own["r2"].mean())
        assert metrics[f"mean_held_out_r2_{case}"] == pytest.approx(own["held_out_r2"].mean())
        assert metrics[f"num_refused_{case}"] == 0


def test_latent_coefficients_are_main_effects(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From every corner of the cube around a latent: half the difference of its two sides."""
    table = _table(project, "latents")
    assert table["target"].tolist() == ["d_logit_of_g"] * DIM + ["class"] * DIM
    assert table["name"].tolist() == [f"z{k}" for k in range(DIM)] * 2
    monkeypatch.chdir(project)
    samples = load_subjects(AVERAGED, 0, CPU)
    signs = torch.tensor(list(product((-1.0, 1.0), repeat=DIM)))
    corners = samples.z[:LATENTS, None] + RADIUS * signs
    with torch.no_grad():
        fakes = samples.generator(corners.flatten(0, 1))
        seen = samples.evaluator(samples.fake[:LATENTS]).argmax(1)
        logits = samples.evaluator(fakes).unflatten(0, (LATENTS, -1))
        by_target = {
            "d_logit_of_g": samples.discriminator(fakes).unflatten(0, (LATENTS, -1)),
            "class": logits[torch.arange(LATENTS), :, seen],
        }
    for name, values in by_target.items():
        effects = values.double() @ signs.double() / len(signs) / RADIUS
        own = table[table["target"] == name]
        size = float(effects.abs().mean())
        for column, expected in (("mean", effects), ("mean_abs", effects.abs())):
            np.testing.assert_allclose(own[column], expected.mean(0), rtol=0, atol=0.15 * size)


def test_class_means_are_of_all_that_were_explained(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    samples = load_subjects(AVERAGED, 0, CPU)
    found = set(_tensors(project, "class_means"))
    real = {samples.class_names[label] for label in samples.real_labels.tolist()}
    fake = {samples.class_names[label] for label in samples.fake_labels.tolist()}
    assert found == {
        *(f"d_real/{name}" for name in real),
        *(f"{case}/{name}" for case in ("d_fake", "g_regions") for name in fake),
    }


def test_what_is_loaded_saves_the_same_bytes_and_figures(project: Path, tmp_path: Path) -> None:
    study = LimeStudy.load(_report(project))
    study.save(tmp_path)
    before = hashes(_report(project))
    del before["metrics.json"]  # the stage writes it
    assert hashes(tmp_path) == before
    metrics = read_json(_report(project) / "metrics.json")
    assert {name: value for name, value in study.metrics().items() if value == value} == metrics


def test_the_verdict_is_in_words_and_of_the_tables(project: Path) -> None:
    said = LimeStudy.load(_report(project)).verdict()
    surrogates, latents = _table(project, "surrogates"), _table(project, "latents")
    for case, what in (("d_real", "real"), ("d_fake", "generated")):
        fit = surrogates[surrogates["group"] == case]["held_out_r2"].mean()
        assert f"At {what} images a linear surrogate foretells D's logit with R² {fit:.2f}" in said
    of_d = latents[latents["target"] == "d_logit_of_g"]
    largest = of_d.sort_values("mean_abs", ascending=False)["name"].iloc[0]
    of_g = next(line for line in said.split(". ") if "ogit of G's image" in line)
    assert largest in of_g or "cannot be told" in of_g


def test_what_is_kept_are_rows_of_the_table(project: Path) -> None:
    surrogates = _table(project, "surrogates")
    for case in CASES:
        kept = _tensors(project, case)
        own = surrogates[surrogates["group"] == case]["r2"].to_numpy()
        np.testing.assert_allclose(kept["r2"], own[kept["rows"]])


def test_a_second_run_gives_the_same_bytes(project: Path, scratch: Path) -> None:
    shutil.rmtree(_report(scratch))
    explain(scratch, lime, lime={"latent_radius": RADIUS, "baseline": "mean"})
    assert hashes(_report(scratch)) == hashes(_report(project))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"segment_side": 14}, ["only 4 segments", "lime.segment"]),
        ({"segments": "masks"}, ["lime.masks"]),
        ({"segments": "masks", "masks": ["nowhere.png"]}, ["nowhere.png"]),
        ({"segments": "quickshift"}, ["segments", "28 x 28", "lime.segments"]),
        ({"num_samples": 60}, ["60 samples", "lime.num_samples", "at least"]),
        ({"latent_targets": ["foo"]}, ["'foo'", "lime.latent_targets"]),
    ],
)
def test_what_cannot_be_explained_leaves_everything_as_it_was(
    values: dict[str, Any], words: list[str], project: Path
) -> None:
    before = hashes(project / "reports")
    with pytest.raises(InputError) as error:
        explain(project, lime, lime={**QUICK, **values})
    told = str(keyed(error.value, "lime"))
    assert all(word in told for word in words), told
    assert "\n" not in told
    assert hashes(project / "reports") == before
    assert not list((project / "reports").glob(".*"))


@pytest.mark.parametrize("baseline", ["black", "mean", "blur", "inpaint", "marginal"])
def test_every_baseline_explains(baseline: str, scratch: Path) -> None:
    explain(scratch, lime, lime={**QUICK, "baseline": baseline})
    table = _table(scratch, "surrogates")
    assert len(table) == 9
    assert table["refusal"].isna().all()
    assert table[table["group"] == "d_real"]["r2"].between(0.2, 1).all()
    maps = _tensors(scratch, "d_real")["maps"]
    if baseline == "black":  # in a black corner there is nothing to hide
        assert maps[:, :4, :4].abs().max() < 0.2 * maps.abs().max()
    assert set(_pictures(scratch)) == PICTURES - {"latents"}
    assert not (_report(scratch) / "latents.csv").exists()
    assert LimeStudy.load(_report(scratch)).latents is None


@pytest.mark.parametrize("segments", ["slic", "masks"])
def test_other_segments(segments: str, scratch: Path) -> None:
    values = {**QUICK, "segments": segments, "num_samples": 256}
    if segments == "masks":
        values["masks"] = [_mask(scratch, row, column) for row in range(4) for column in range(3)]
    explain(scratch, lime, lime=values)
    kept = _tensors(scratch, "d_real")
    counts = kept["segments"].flatten(1).amax(1) + 1
    if segments == "masks":
        assert counts.tolist() == [13, 13]  # twelve that were drawn, and the rest
        assert (kept["segments"][:, :, 21:] == 12).all()
    else:
        assert not torch.equal(kept["segments"][0], kept["segments"][1])  # each has its own
        assert ((counts > 20) & (counts < 80)).all()
    assert _table(scratch, "surrogates")["refusal"].isna().all()


def test_the_package_finds_the_same_structure(project: Path, scratch: Path) -> None:
    """The engine `lime` draws its own samples, and shrinks by its own ridge."""
    values = {**SMALL["lime"], "latent_targets": [], "baseline": "mean", "num_samples": 800}
    values |= {"num_averaged": 2, "num_images": 2}
    explain(scratch, lime, lime={**values, "engine": "lime"})
    theirs = _tensors(scratch, "d_real")
    explain(scratch, lime, lime=values)
    ours = _tensors(scratch, "d_real")
    order = {tuple(image.flatten().tolist()): k for k, image in enumerate(ours["inputs"])}
    for place, image in enumerate(theirs["inputs"]):
        own = order[tuple(image.flatten().tolist())]
        one, two = theirs["maps"][place], ours["maps"][own]
        assert spearmanr(one.flatten(), two.flatten()).statistic > 0.7
        large = two.abs() > 0.3 * two.abs().max()
        assert (one.sign() == two.sign())[large].all()


def test_it_goes_on_until_intervals_are_narrow(scratch: Path) -> None:
    explain(scratch, lime, lime={**QUICK, "num_samples": 128, "baseline": "mean"})
    before = _table(scratch, "surrogates")
    aim = 0.5 * float(before[before["group"] == "d_real"]["half_width"].min())
    values = {**QUICK, "tolerance": aim, "max_samples": 4096, "baseline": "mean"}
    explain(scratch, lime, lime=values)
    after = _table(scratch, "surrogates")
    after = after[after["group"] == "d_real"]
    narrow = after["half_width"] <= aim
    assert (narrow | (after["num_samples"] >= 4096)).all()
    assert (after["num_samples"] > 128).all()


@pytest.mark.parametrize("what", ["unlabelled", "coloured", "conditional"])
def test_other_data_is_explained_too(what: str, tmp_path: Path) -> None:
    folder = make_project(
        tmp_path,
        labelled=what != "unlabelled",
        coloured=what == "coloured",
        conditional=what == "conditional",
    )
    values = {**QUICK, "num_samples": 160, "latent_targets": ["d_logit"]}
    explain(folder, lime, lime=values)
    kept, means = _tensors(folder, "d_real"), set(_tensors(folder, "class_means"))
    size, channels = (32, 3) if what == "coloured" else (28, 1)
    assert kept["inputs"].shape == (2, channels, size, size)
    assert int(kept["segments"].max()) + 1 == (size // 4) ** 2
    if what == "unlabelled":
        assert means == {f"{case}/all" for case in CASES}
    else:
        assert "d_real/3" in means or len(means) > 1
    latents = _table(folder, "latents")  # of the class that is told a generator nothing is moved
    assert latents["name"].tolist() == [f"z{k}" for k in range(DIM)]
    assert has_numbers_alone(_report(folder) / "metrics.json")


def test_a_constant_discriminator_is_told_in_words_and_not_drawn(scratch: Path) -> None:
    make_discriminator_constant(scratch)
    explain(scratch, lime, lime={"num_averaged": 3, "latent_targets": ["d_logit", "class"]})
    table, metrics = _table(scratch, "surrogates"), read_json(_report(scratch) / "metrics.json")
    assert table["refusal"].str.startswith("the target is constant: 0").all()
    assert all(metrics[f"num_refused_{case}"] == 3 for case in CASES)
    assert set(_tensors(scratch, "class_means")) == set()
    assert has_numbers_alone(_report(scratch) / "metrics.json")
    latents = _table(scratch, "latents").groupby("target")["mean_abs"]
    assert latents.count().to_dict() == {"class": DIM, "d_logit_of_g": 0}
    assert set(_pictures(scratch)) == PICTURES  # with the reason in place of each map
    assert (
        "Of 3 real images 3 have no explanation: the target is constant"
        in LimeStudy.load(_report(scratch)).verdict()
    )


def test_a_generator_that_makes_one_image_is_explained_as_far_as_it_goes(scratch: Path) -> None:
    """No other fake shows anything else: G's regions are refused, and D is explained."""
    make_generator_black(scratch)
    explain(scratch, lime, lime=QUICK)
    refused = _table(scratch, "surrogates").set_index("group")["refusal"]
    assert refused["d_real"].isna().all()
    assert refused["g_regions"].notna().all()
    assert has_numbers_alone(_report(scratch) / "metrics.json")
