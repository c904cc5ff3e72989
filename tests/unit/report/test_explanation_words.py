"""Sentences on maps, units and LIME say what their figures say, whatever these are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.explain.faithfulness.region_comparison import RegionComparison
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.verdict import (
    FAIL,
    MEASURES_COLUMNS,
    MISSING,
    PASS,
    RANDOMISATION,
)
from ganatomy.explain.lime.latent_effects import LatentEffects
from ganatomy.explain.lime.settings import Hiding
from ganatomy.explain.maps.comparison import Comparison
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.units.carriers import Carriers
from ganatomy.explain.units.unit_images import UnitImages
from ganatomy.report.sections import faithfulness_words, gradcam_words, lime_words
from ganatomy.report.sections.kinds import NOT_TESTED, Kinds
from ganatomy.report.sections.page_section import Record
from ganatomy.rng import generator

KINDS = ("hirescam layers.0", "integrated gradients", "occlusion")
NAMES = ("HiResCAM, 1st convolution", "integrated gradients", "occlusion")


def _verdicts(trusted: tuple[str, ...], kinds: tuple[str, ...] = KINDS) -> pd.DataFrame:
    rows = [
        {
            "method": kind,
            "faithful": PASS if kind in trusted else FAIL,
            "stable": PASS,
            "sane": PASS,
            "trusted": kind in trusted,
            "why": "" if kind in trusted else "worse than a random map",
            "refused": "",
        }
        for kind in kinds
    ]
    return pd.DataFrame(rows)


def _maps(*places: tuple[int, int, float]) -> torch.Tensor:
    """Faint noise, and in all of them as much more at some ninth."""
    maps = 0.02 * (torch.rand(12, 9, 9, generator=generator(2, "maps")) - 0.5)
    for row, column, value in places:
        maps[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += value
    return maps


def _study(maps: dict[str, torch.Tensor], trusted: tuple[str, ...] = KINDS) -> FaithfulnessStudy:
    empty = pd.DataFrame()
    return FaithfulnessStudy(
        *(_verdicts(trusted), empty, empty, empty, {}, None, empty, {}, (), maps),
        Hiding(baseline="blur"),
    )


def _kinds(study: FaithfulnessStudy) -> Kinds:
    return Kinds(study.verdicts, {}, {"D": ["layers.0", "layers.2"]})


def _tested(study: FaithfulnessStudy) -> list[Record]:
    alike = faithfulness_words.magnitudes(study)
    return faithfulness_words.outcomes(study.measures, _kinds(study), alike)


def _said(maps: dict[str, torch.Tensor], trusted: tuple[str, ...] = KINDS) -> tuple[str, list[str]]:
    study = _study(maps, trusted)
    return (
        faithfulness_words.finding(study, _kinds(study)),
        faithfulness_words.where(study, _kinds(study)),
    )


def test_where_all_kinds_agree_the_ninth_is_named_with_its_share_by_each() -> None:
    title, (raises, lowers) = _said(dict.fromkeys(KINDS, _maps((0, 0, 1.0), (2, 1, -1.0))))
    assert title == (
        "What raises D’s logit lies most in the upper left ninth of the image, by all 3 kinds of "
        "map that pass"
    )
    assert raises.startswith("What raises D’s logit lies most in the upper left ninth")
    assert lowers.startswith("What lowers D’s logit lies most in the lower middle ninth")
    assert all(f"by {name}" in raises for name in NAMES)
    assert "(its size: 11 %)" in raises


def test_where_they_do_not_agree_each_place_is_named_by_whom() -> None:
    maps = dict.fromkeys(KINDS, _maps((0, 0, 1.0)))
    maps["occlusion"] = _maps((1, 1, 1.0))
    title, (raises, lowers) = _said(maps)
    assert title == "The kinds of map that pass do not agree where what raises D’s logit lies"
    left = raises.partition("in the upper left ninth by ")[2].partition("in the middle ninth")[0]
    assert all(name in left for name in NAMES[:2])
    assert "in the middle ninth by occlusion" in raises
    assert "no ninth of the image stands out in what lowers D’s logit" in lowers


def test_kinds_that_fail_say_nothing_and_without_any_nothing_is_said() -> None:
    maps = dict.fromkeys(KINDS, _maps((0, 0, 1.0)))
    maps["occlusion"] = _maps((1, 1, 1.0))
    title, (raises, _) = _said(maps, ("occlusion",))
    assert title.endswith("middle ninth of the image, by the kind of map that passes")
    assert "upper left" not in raises
    assert _said(maps, ()) == ("", [])


def test_what_was_not_measured_is_counted_apart_from_what_fails() -> None:
    table = _verdicts(("occlusion",))
    table.loc[0, "faithful"] = MISSING
    assert faithfulness_words.counts(table) == {
        "kinds": 3,
        "passed": 1,
        "failed": 1,
        "unmeasured": 1,
    }


def _after(sizes: dict[str, float]) -> FaithfulnessStudy:
    """A study in which magnitudes stay as alike, and in an earlier step all did."""
    rows = [(step, kind, size if step else 0.99) for step in (0, 1) for kind, size in sizes.items()]
    table = pd.DataFrame(rows, columns=["step", "method", "absolute"])
    return replace(_study({}), randomised={"d": table})


def test_magnitudes_that_stay_alike_with_random_weights_are_said_beside_the_signed_maps() -> None:
    study = _after({"occlusion": 0.746, "integrated gradients": 0.63, "hirescam layers.0": 0.1})
    assert faithfulness_words.randomised(study, _kinds(study)) == (
        "Once all weights of D are random, all 3 kinds of map come out as another map where signs "
        "count; the magnitude by occlusion and integrated gradients still correlates by 0.63 to "
        "0.75, which is not judged"
    )
    different = _after(dict.fromkeys(KINDS, 0.1))
    assert faithfulness_words.randomised(different, _kinds(different)).endswith("as another map")


def test_a_cell_of_the_table_of_trust_names_its_quantity() -> None:
    figures = {"sensitivity": 0.21, RANDOMISATION[0]: 0.1}
    rows = [("occlusion", name, "", value, value, value) for name, value in figures.items()]
    study = replace(
        _after({"occlusion": 0.746}), measures=pd.DataFrame(rows, columns=MEASURES_COLUMNS)
    )
    told = {row["method"]: row["cells"] for row in _tested(study)}
    _, stable, sane = (cell["figure"] for cell in told["occlusion"])
    assert stable == "change under noise 0.21; at most 0.5 (margin +0.29)"
    assert sane == (
        "likeness to the map of random weights 0.10; below 0.3 (margin +0.2); its magnitude still "
        "correlates by 0.75, which is not judged"
    )


def test_regions_and_ways_of_asking_are_named_so_that_a_list_can_be_read() -> None:
    table = pd.DataFrame(
        {"retraining, G": [4.0, 3, 2, 1], "lime": [4.0, 3, 2, 1], "occlusion": [1.0, 3, 2, 4]},
        index=["cell_0_0", "cell_0_3", "cell_3_0", "cell_3_3"],
    )
    study = replace(_study({}), regions=RegionComparison(table, {}, np.zeros((1, 4, 4))))
    title = faithfulness_words.agree(study, _kinds(study))["title"]
    assert title == ("Retraining (G) and LIME rank upper left corner first, occlusion fourth of 4")


def test_a_stamp_is_the_reason_and_what_was_not_tested_has_one() -> None:
    kinds = Kinds(_verdicts(("occlusion",)), {"D": {"layers.0": (14, 14)}})
    assert kinds.stamp("occlusion") == ""
    assert kinds.stamp("hirescam layers.0") == "worse than a random map"
    assert kinds.stamp("gradcam layers.9") == NOT_TESTED
    name = kinds.name("hirescam layers.0").replace("\N{NO-BREAK SPACE}", " ")
    assert name == "HiResCAM, 1st convolution, 14 × 14"


def _compared(differences: list[float]) -> MapsStudy:
    study = object.__new__(MapsStudy)
    table = pd.DataFrame({"overlap": np.add(0.4, differences), "chance_overlap": 0.4})
    comparison = object.__new__(Comparison)
    object.__setattr__(comparison, "table", table)
    object.__setattr__(study, "comparison", comparison)
    return study


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.3, 0.3), st.floats(0, 0.3))
def test_an_overlap_is_shown_only_where_it_is_clear_of_chance(mean: float, spread: float) -> None:
    told = gradcam_words.overlap(_compared([mean - spread, mean, mean + spread]))
    half = 4.302652729911275 * spread / 3**0.5  # t of 2 degrees of freedom, by hand
    low, high, least = mean - half, mean + half, gradcam_words.LEAST_OVERLAP
    clear = low > least + 1e-9 or high < -least - 1e-9
    assert told["shown"] or not clear
    assert not told["shown"] or low > least - 1e-9 or high < -least + 1e-9
    if told["shown"]:
        assert told["words"].endswith("more than chance" if mean > 0 else "less than chance")
    elif "show in no picture" in told["words"]:
        assert max(abs(low), abs(high)) < least + 1e-9
        if "no difference from chance seen" in told["words"]:
            assert low < 1e-9
            assert high > -1e-9
        else:
            assert ("little more" in told["words"]) == (low > 0)
            assert ("little less" in told["words"]) == (high < 0)
    else:
        assert told["words"].endswith("too uncertain to be told from chance level")


def test_an_interval_that_excludes_0_is_never_called_chance() -> None:
    words = gradcam_words.overlap(_compared([0.014, 0.015, 0.016]))["words"]
    assert words.endswith(
        "a little more than at different images, too little to matter (differences below 0.05 "
        "show in no picture)"
    )
    assert (
        "no difference from chance seen"
        in (gradcam_words.overlap(_compared([-0.001, 0, 0.001]))["words"])
    )


def test_reasons_that_kinds_share_are_said_once() -> None:
    said = gradcam_words.reasons([("a", "flat"), ("b", "noise"), ("c", "flat")])
    assert said == "a and c (flat); b (noise)"


@pytest.mark.parametrize(("passes", "words"), [((0, 0), "none of 2"), ((1, 1), "all 2")])
def test_checks_are_counted(passes: tuple[int, int], words: str) -> None:
    table = pd.DataFrame({"layer": "D", "passes": passes, "high": 1.0})
    assert gradcam_words.causes(table).endswith(f"in {words} checks")


def test_checks_that_go_clearly_the_other_way_are_counted_apart_and_their_layer_is_named() -> None:
    checks = {
        "1st": [(False, -0.5), (False, -1.5)],
        "2nd": [(True, 0.8), (True, 1.4)],
        "of G": [(False, 0.1), (False, -0.4)],
    }
    rows = [(layer, *each) for layer, own in checks.items() for each in own]
    said = gradcam_words.causes(pd.DataFrame(rows, columns=["layer", "passes", "high"]))
    assert said == (
        "The channels that Grad-CAM credits count more than channels at random in 2 of 6 checks, "
        "clearly less in 3, and in 1 no difference is seen; in 1st Grad-CAM’s credit points the "
        "wrong way"
    )


def _effects(rows: list[tuple[str, str, float, float, float]], r2: float = 0.9) -> LatentEffects:
    """Effects with intervals that are as wide above as below."""
    table = pd.DataFrame(rows, columns=["target", "name", "mean_abs", "low", "noise"])
    table["high"] = 2 * table["mean_abs"] - table["low"]
    fits = [(target, r2) for target in table["target"].unique()]
    return LatentEffects(table, pd.DataFrame(fits, columns=["target", "held_out_r2"]))


def test_a_coordinate_is_named_only_where_it_is_above_noise() -> None:
    rows = [("d_logit_of_g", "z1", 0.5, 0.4, 0.1), ("d_logit_of_g", "z2", 0.9, 0.05, 0.2)]
    expected = "D’s logit of G’s image is moved most by z1 (held-out R² 0.90)"
    assert lime_words.latents(_effects(rows)) == expected
    rows.append(("class", "z1", 0.2, 0.05, 0.1))
    assert lime_words.latents(_effects(rows)).endswith(
        "no coordinate moves class clearly more than noise"
    )
    nothing = lime_words.latents(_effects(rows[1:]))
    assert nothing == "No coordinate moves D’s logit of G’s image and class clearly more than noise"


def test_where_intervals_overlap_no_latent_stands_out_and_the_fit_is_told() -> None:
    sizes = (0.50, 0.49, 0.48, 0.47)
    rows = [("d_logit_of_g", f"z{k}", size, size - 0.1, 0.1) for k, size in enumerate(sizes)]
    assert lime_words.latents(_effects(rows, 0.08)) == (
        "No latent stands out in what moves D’s logit of G’s image (held-out R² 0.08): the first "
        "are z0, z1 and z2"
    )
    apart = [(*row[:3], row[2] - 0.001, 0.1) for row in rows[:2]]  # these two lie above the rest
    effects = _effects([*apart, ("d_logit_of_g", "z9", 0.2, 0.15, 0.1)])
    assert effects.first("d_logit_of_g") == (["z0"], True)
    level = [*rows[:2], ("d_logit_of_g", "z9", 0.2, 0.15, 0.1)]
    assert _effects(level).first("d_logit_of_g") == (["z0", "z1"], True)


def test_replaced_studies_keep_their_type() -> None:
    """The helper above builds a whole study: a field more would show here."""
    study = _study(dict.fromkeys(KINDS, _maps()))
    assert replace(study, refusals=()).trusted == list(KINDS)


def test_what_the_strongest_unit_does_is_the_end_of_a_sentence() -> None:
    nothing = torch.zeros(0)
    unit = UnitImages("layers.0", 30, "thickness", 0.5, 1.0, nothing, nothing, nothing)
    carriers = Carriers(pd.DataFrame({"concept": ["thickness"]}), None)
    kinds = Kinds(_verdicts(()), {}, {"G": ["layers.0"]})
    said = gradcam_words.strongest(unit, carriers, kinds)
    assert said.startswith("unit 30 of G’s ")
    assert ": it raises thickness by 0" in said
