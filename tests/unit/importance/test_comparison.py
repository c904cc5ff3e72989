"""Is a difference real: against sampling, against retraining, and in words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.gan.model import build_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.importance import comparison_study
from ganatomy.importance.comparison import COLUMNS, Comparison, ComparisonFacts
from ganatomy.importance.comparison_study import compare
from ganatomy.importance.noise import COLUMNS as OF_NOISE
from ganatomy.importance.noise import NoiseDesign, NoiseStudy
from ganatomy.metrics.evaluator import Evaluator, digest_of
from tests.unit.gan.small import SMALL


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    halves = comparison_study.spread_over_halves
    few = lambda *given, **named: halves(*given, num_halves=30, **named)  # noqa: E731
    monkeypatch.setattr(comparison_study, "spread_over_halves", few)


def _images(seed: int, count: int = 60, bright: int = 200, size: int = 8) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    levels = torch.rand(count, 1, 1, 1, generator=draw) * bright
    texture = torch.rand(count, 1, size, size, generator=draw) * 55
    return (levels + texture).to(torch.uint8)


def _noise(spread: float, mean: float = 0.0, evaluator: str = "") -> NoiseStudy:
    """Of trainings whose every readout has this standard deviation."""
    draw = np.random.default_rng(0)
    rows = [
        (i, j, 0, readout, mean + spread * float(draw.normal()))
        for readout in ("g_frd", "g_fld", "g_krd", "g_fcd", "d_separation")
        for i in range(6)
        for j in range(6)
    ]
    design = NoiseDesign(is_crossed=False, evaluator=evaluator)
    return NoiseStudy(pd.DataFrame(rows, columns=OF_NOISE), design)


def test_what_is_worse_is_found_and_said_whichever_way_round() -> None:
    reals, good, bad = _images(0), _images(1), _images(2, bright=120)
    found = compare(bad, good, reals=reals, names=("old", "new"))
    assert found.verdict().startswith("new is closer to the data than old: g_frd ")
    assert "Only sampling noise is known" in found.verdict()
    again = compare(good, bad, reals=reals, names=("new", "old"))
    assert again.verdict().startswith("new is closer to the data than old: g_frd ")
    values = found.table.set_index("readout")["difference"]
    np.testing.assert_allclose(again.table.set_index("readout")["difference"], -values)
    assert found.facts.kernel_p < 0.01


def test_images_of_one_population_are_seldom_told_apart() -> None:
    """At 5 % each time, more than two of eight have a chance of half a percent."""
    told = [
        len(compare(_images(10 + k), _images(30 + k), reals=_images(50 + k), seed=k).found()) > 0
        for k in range(8)
    ]
    assert sum(told) <= 2
    found = compare(_images(10), _images(30), reals=_images(50))
    assert "cannot be told" in found.verdict()


def test_the_same_difference_is_noise_or_not_by_what_retraining_does() -> None:
    reals, good, bad = _images(0), _images(1), _images(2, bright=120)
    quiet = compare(good, bad, reals=reals, noise=_noise(1e-6), noise_from="36 trainings")
    assert quiet.verdict().startswith("A is closer to the data than B")
    assert "between two trainings is noise" in quiet.verdict()
    assert "The noise of retraining is that of 36 trainings." in quiet.verdict()
    loud = compare(good, bad, reals=reals, noise=_noise(1e3, mean=1e4))
    assert loud.found().empty
    assert loud.verdict().startswith("Which of A and B is closer to the data cannot be told")
    assert "Their images do differ (kernel test, p = 0.002)" in loud.verdict()
    # what sampling tells is not changed by it
    pd.testing.assert_series_equal(quiet.table["sampling_q"], loud.table["sampling_q"])


def test_noise_of_another_evaluator_does_not_judge_readouts_of_this_one() -> None:
    torch.manual_seed(0)
    evaluator = Evaluator(1, 2, 3).eval()
    given = {"reals": _images(0), "evaluator": evaluator}
    for digest, known in ((digest_of(evaluator), True), ("", False), ("other", False)):
        found = compare(_images(1), _images(2), noise=_noise(1.0, evaluator=digest), **given)
        band = found.table.set_index("readout")["band"]
        assert bool(np.isfinite(band["g_fcd"])) == known
        assert np.isfinite(band["g_frd"])
        assert np.isnan(band["g_recall"])  # of which the study knows nothing


def test_without_real_images_only_the_difference_is_told() -> None:
    apart = compare(_images(1), _images(2, bright=100))
    assert apart.verdict().startswith("The images of A and B differ (kernel test, p = 0.002).")
    assert "Which is closer to the data is not known" in apart.verdict()
    assert "cannot be told apart" in compare(_images(1), _images(2)).verdict()


def test_gans_get_equal_latents_and_both_ds_the_same_images() -> None:
    a, b = build_gan(SMALL, 0), build_gan(SMALL, 1)
    for gan in (a, b):
        gan.discriminator.eval()
    reals = _images(0, 40, size=28)
    found = compare(a, b, reals=reals, count=40, seed=3)
    assert found.facts.is_paired
    z = latents(40, SMALL, 3, "compare")
    fakes = [generate(gan.generator_ema, z) for gan in (a, b)]
    rounded = [((each + 1) * 127.5).round().clamp(0, 255).to(torch.uint8) for each in fakes]
    assert (found.samples_a.int() - rounded[0][:32].int()).abs().max() <= 1
    row = found.table.set_index("readout").loc["d_separation"]
    shown = to_float(torch.cat([reals, *rounded]))
    truth = [1] * 40 + [0] * 80
    with torch.no_grad():
        for gan, side in ((a, "a"), (b, "b")):
            expected = roc_auc_score(truth, gan.discriminator(shown).numpy())
            assert row[side] == pytest.approx(expected, abs=2e-3)


def test_a_gan_against_images_has_no_readout_of_d() -> None:
    found = compare(build_gan(SMALL, 0), _images(1, 40, size=28), reals=_images(0, 40, size=28))
    assert not found.facts.is_paired
    assert set(found.table["readout"]) == {"g_frd", "g_fld", "g_krd"}


@pytest.mark.parametrize(
    ("b", "reals", "where", "what"),
    [
        (_images(1), None, "b", "are the same: all 60 images are equal"),
        (_images(1, size=10), None, "b", "8 x 8 of 1 channel, of B 10 x 10"),
        (_images(2), _images(1, size=10), "reals", "of the real images 10 x 10"),
        (_images(2, 19), None, "count", "19 images of each kind"),
        (_images(2).float(), None, "b", "must be uint8"),
    ],
)
def test_bad_input_is_named(
    b: torch.Tensor, reals: torch.Tensor | None, where: str, what: str
) -> None:
    with pytest.raises(InputError) as error:
        compare(_images(1), b, reals=reals)
    assert error.value.where == where
    assert what in error.value.what


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(InputError) as error:
        compare(_images(1), _images(2), names=("gan", "gan"))
    assert error.value.where == "names"


def _table(*rows: tuple[str, float, float, float, float]) -> Comparison:
    """Each with its name, both values, the band and q of retraining."""
    table = pd.DataFrame(
        [
            (name, a, b, b - a, b - a - 0.01, b - a + 0.01, 0.001, 0.001, band, q, q, (a + b) / 2)
            for name, a, b, band, q in rows
        ],
        columns=COLUMNS,
    )
    facts = ComparisonFacts("A", "B", 500, True, True, 0.002, "12 trainings")
    images = _images(0, 4)
    return Comparison(table, facts, images, images.flip(0))


def test_words() -> None:
    found = _table(("g_fcd", 2.31, 1.84, 0.35, 0.01), ("g_recall", 0.5, 0.51, 0.1, 0.8))
    assert found.verdict() == (
        "B is closer to the data than A: fcd 1.84 against 2.31; a difference below 0.35 between "
        "two trainings is noise. The noise of retraining is that of 12 trainings."
    )
    both = _table(("g_fcd", 2.31, 1.84, 0.35, 0.01), ("g_recall", 0.9, 0.5, 0.1, 0.001))
    assert both.verdict().startswith("A is closer to the data in recall, B in fcd: fcd 1.84")
    none = _table(("g_fcd", 2.31, 2.2, 0.35, 0.5))
    assert none.verdict().startswith("Which of A and B is closer to the data cannot be told: fcd")
    by_d = _table(("g_fcd", 2.31, 2.2, 0.35, 0.5), ("d_separation", 0.9, 0.6, 0.1, 0.001))
    assert "cannot be told" in by_d.verdict()
    assert "They differ in D's separation (AUC)." in by_d.verdict()


def test_noise_that_was_measured_far_away_is_rough() -> None:
    found = _table(("g_fcd", 2.31, 1.84, 0.35, 0.01))
    assert "take it as rough" not in found.verdict()
    found.table["level_of_noise"] = 12.3
    assert "on GANs whose fcd is 12.3 on average, not on ones like these" in found.verdict()


@pytest.mark.parametrize("judged", [True, False])
def test_what_is_saved_is_loaded(judged: bool, tmp_path: Path) -> None:
    found = _table(("g_fcd", 2.31, 1.84, 0.35, 0.01))
    if not judged:
        found.table[["band", "noise_p", "noise_q", "level_of_noise"]] = np.nan
    found.save(tmp_path)
    again = Comparison.load(tmp_path)
    assert again.verdict() == found.verdict()
    assert again.metrics() == found.metrics()
    pd.testing.assert_frame_equal(again.table, found.table)
    assert torch.equal(again.samples_b, found.samples_b)
