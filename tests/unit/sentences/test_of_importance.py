"""Sentences on what matters, on noise and on differences, read against generated figures."""

import re

import numpy as np
import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from ganatomy.data.recipe import Recipe
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.importance.comparison import COLUMNS, Comparison, ComparisonFacts
from ganatomy.importance.detectable import detectable, in_words
from ganatomy.importance.group_result import GroupInfluence
from ganatomy.importance.interactions import interactions
from ganatomy.importance.noise import COLUMNS as NOISE_COLUMNS
from ganatomy.importance.noise import HEADLINES, NoiseDesign, NoiseStudy
from ganatomy.importance.power import split_half_stability
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.region_masks import RegionMasks
from ganatomy.importance.repeats import ReadOut
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.screening import Cost
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.statistics import benjamini_hochberg
from tests.unit.sentences.made import NAMES, NUMBERS, few, intervals, normals, reads, some
from tests.unit.sentences.reading import faults, untold

READOUTS = ("g_fcd", "g_recall", "g_krd", "d_separation", "d_shift")


def _comparison(draw: st.DrawFn) -> Comparison:
    """With chances that follow from the intervals and from the noise of retraining."""
    names, knows_noise = some(draw, READOUTS), draw(st.booleans())
    rows = []
    for name in names:
        a, b = (round(draw(NUMBERS), 4) for _ in range(2))
        error, band = draw(st.floats(0.001, 5)), draw(st.floats(0.001, 20))
        noise = 2 * norm.sf(abs(b - a) / band * 1.96) if knows_noise else np.nan
        rows.append(
            (
                *(name, a, b, b - a, b - a - 1.96 * error, b - a + 1.96 * error),
                *(2 * norm.sf(abs(b - a) / error), np.nan),
                *(band if knows_noise else np.nan, noise, np.nan),
                draw(st.floats(0.01, 99)) if knows_noise else np.nan,
            )
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    for kind in ("sampling", "noise"):
        table[f"{kind}_q"] = benjamini_hochberg(table[f"{kind}_p"].to_numpy(dtype=float))
    p = draw(st.sampled_from([0.002, 0.05, 0.5, 1.0]))
    facts = ComparisonFacts("old", "new", draw(st.sampled_from([2, 500])), True, True, p, "9 nulls")
    images = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    return Comparison(table, facts, images, images)


comparisons = st.composite(_comparison)


@reads("importance.comparison.Comparison.verdict", "importance.comparison.Comparison.sentences")
@given(comparisons())
@few
def test_the_difference_of_two_gans(found: Comparison) -> None:
    said, table = found.verdict(), found.table
    assert not faults(said)
    figures = [*table[["a", "b", "low", "high", "band", "level_of_noise"]].to_numpy().ravel()]
    assert not untold(said, [*figures, found.facts.count, found.facts.kernel_p, len(table), 9])
    sides = {found.closer(name) for name in found.found()["readout"]} - {None}
    for winner, loser in (("new", "old"), ("old", "new")):
        assert (f"{winner} is closer to the data than {loser}" in said) == (sides == {winner})
    if number := re.search(r"a difference below ([\d.e+-]+) between two trainings is noise", said):
        quoted = table[np.isclose(table["band"], float(number.group(1)), rtol=0.06)].iloc[0]
        is_beyond = abs(quoted["difference"]) > 1.06 * quoted["band"]
        assert not is_beyond or sides


def _noise(draw: st.DrawFn) -> NoiseStudy:
    is_crossed = draw(st.booleans())
    i, j, k = draw(st.integers(2, 3)), draw(st.integers(2, 3)), 2 if is_crossed else 1
    rows = []
    for name in some(draw, READOUTS, 1):
        sizes = [draw(st.sampled_from([0.0, 0.01, 3.0])) for _ in range(3)]
        noise = normals(draw)
        parts = [size * noise.standard_normal(n) for size, n in zip(sizes, (i, i * j, i * j * k))]
        for at in np.ndindex(i, j, k):
            of = (at[0], at[0] * j + at[1], (at[0] * j + at[1]) * k + at[2])
            rows.append((*at, name, 5 + sum(part[n] for part, n in zip(parts, of))))
    count = draw(st.sampled_from([None, 1, 500]))
    return NoiseStudy(pd.DataFrame(rows, columns=NOISE_COLUMNS), NoiseDesign(is_crossed, count))


noises = st.composite(_noise)


@reads("importance.noise.NoiseStudy.verdict", "importance.noise.NoiseStudy.sentences")
@given(noises())
@few
def test_the_noise_of_retraining(study: NoiseStudy) -> None:
    said = study.verdict()
    assert not faults(said)
    bands = study.bands.set_index("readout")["band"].dropna()
    assert ("gave the same" in said) == bands.empty
    first = next((name for name in HEADLINES if name in bands), next(iter(bands.index), ""))
    shares = study.parts.loc[study.parts["readout"] == first, "share"]
    times = study.times_sampling(first) if first else None
    assert not untold(said, [*bands, *shares, times, study.design.count, 4, 6, 9, 0.01, 0.99])
    assert ("times as far" not in said and "about as far" not in said) == (times is None)


def _groups(draw: st.DrawFn) -> GroupInfluence:
    lds = draw(st.sampled_from([(np.nan, np.nan, np.nan), (0.4, -0.1, 0.8), (-0.2, -0.6, 0.3)]))
    ceiling = draw(st.sampled_from([np.nan, 0.9]))
    rows = []
    for group in range(draw(st.integers(1, 5))):
        coefficient, low, high = draw(intervals())
        stands_out = draw(st.booleans()) and (low > 0 or high < 0)
        scores = dict(zip(("lds", "lds_low", "lds_high"), lds)) | {"lds_ceiling": ceiling}
        about = {"group": group, "readout": "g_fcd", "coefficient": coefficient}
        rows.append(
            {**about, "low": low, "high": high, "q": 0.5, "stands_out": stands_out, **scores}
        )
    return GroupInfluence(pd.DataFrame(rows), pd.DataFrame())


@reads("importance.group_result.GroupInfluence.verdict")
@given(st.composite(_groups)())
@few
def test_groups_of_images(found: GroupInfluence) -> None:
    said, table = found.verdict(), found.table
    assert not faults(said)
    out = table[table["stands_out"]]
    for side, rows in (("better", out["coefficient"] < 0), ("worse", out["coefficient"] > 0)):
        named = re.search(rf"{side} without groups? ([\d, and]+)", said)
        told = set(re.findall(r"\d+", named.group(1))) if named else set()
        assert told == set(out.loc[rows, "group"].astype(str))
    assert ("not seen to change" in said) == out.empty


@reads("importance.screening_result.ScreeningStudy.verdict")
@given(st.data())
@few
def test_screening(data: st.DataObject) -> None:
    candidates = some(data.draw, NAMES, 1)
    kept = some(data.draw, tuple(candidates))
    unscreened, spent = data.draw(st.floats(1, 90)), data.draw(st.floats(1, 90))
    study = ScreeningStudy.without(candidates)
    if data.draw(st.booleans()):
        study = ScreeningStudy(
            tuple(candidates), tuple(kept), None, Cost((9, 2), spent / 2, spent / 2, unscreened)
        )
    said = study.verdict()
    assert not faults(said)
    assert study.cost is None or all(name in said for name in kept)
    if number := re.search(r"cost ([\d.]+) times as much", said):
        assert float(number.group(1)) > 1.04
        assert unscreened > spent


def _importance(draw: st.DrawFn) -> ImportanceStudy:
    """What follows from drawn repeats, as the study itself makes it."""
    num_seeds, num_nulls = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    variants = some(draw, NAMES[:3])
    readouts, noise = some(draw, ("g_fcd", "g_recall", "d_shift"), 1), normals(draw)
    rows = []
    for name in [*(f"null_{k}" for k in range(num_nulls)), *variants]:
        is_null = name.startswith("null")
        about = (name, "" if is_null else name, "null" if is_null else "remove", is_null)
        size = 0.0 if is_null else draw(st.sampled_from([0.0, 0.5, 30.0]))
        spread = draw(st.sampled_from([0.0, 1.0, 1.0]))
        for seed in range(num_seeds):
            rows += [
                (*about, seed, 1.0, each, 9 + size + spread * noise.standard_normal())
                for each in readouts
            ]
    columns = ["variant", "features", "mode", "is_null", "seed", "share", "readout", "value"]
    repeats = pd.DataFrame(rows, columns=columns)
    fdr = 0.05 if num_seeds > 1 else None
    summary = summarise(repeats, fdr)
    lost = draw(st.booleans())
    diverged = pd.DataFrame([("gone", "gone", "remove", False, 0, 1.0)] * lost, columns=columns[:6])
    return ImportanceStudy(
        ReadOut(repeats, pd.DataFrame(), diverged),
        interactions=interactions(repeats, fdr),
        subsets=pd.DataFrame(columns=["readout", "lds", "lds_low"]),
        reliance=pd.DataFrame(columns=["features", "mode", "readout"]),
        sheets=(),
        regions=RegionMasks(torch.zeros(1, 4, 4, dtype=torch.float64), {}),
        fdr=0.05,
        summary=summary,
        ranking=rank(summary),
        power=split_half_stability(repeats, draws=4),
        detectable=detectable(repeats, summary["p"].to_numpy(dtype=float), 0.05),
    )


importances = st.composite(_importance)


@reads(
    "importance.result.ImportanceStudy.verdict",
    "importance.result.ImportanceStudy.limits",
    "importance.detectable.in_words",
)
@given(importances())
@few
def test_which_features_matter(study: ImportanceStudy) -> None:
    said = study.verdict()
    for text in (said, study.limits(), in_words(study.detectable, 1, 1)):
        assert not faults(text)
    ranking = study.ranking
    assert all(name in said for name in ranking["variant"])
    matters = set(ranking.loc[ranking["matters"].astype(bool), "variant"])
    for name in set(ranking["variant"]) - matters:
        assert not re.search(rf"(?:matters?|Most) to [GD][^.]*: [^.;]*{name}\b", said)


@reads("data.variant_set.VariantSet.verdict")
@given(st.lists(st.tuples(st.sampled_from(["", "no colours"]), st.booleans()), max_size=5))
@few
def test_what_there_is_to_train_on(entries: list[tuple[str, bool]]) -> None:
    made = []
    for number, (idle, is_null) in enumerate(entries):
        kind = "null" if is_null else "colour"
        features = () if is_null else ("hue",)
        recipe = Recipe(f"v{number}", features, "null" if is_null else "remove", 0, "", kind)
        made.append(VariantEntry(recipe, "" if is_null else idle))
    said = VariantSet(tuple(made)).verdict()
    assert not faults(said)
    assert ("Without effect" in said) == any(idle and not null for idle, null in entries)
