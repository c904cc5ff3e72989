"""Sentences on maps, LIME, trust and the training's guards, read against generated figures."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganatomy.explain.directions.effects import EFFECT_COLUMNS
from ganatomy.explain.directions.judgements import SAME_FROM
from ganatomy.explain.directions.methods import METHODS as WAYS
from ganatomy.explain.directions.result import STANDS_OUT_FROM, DirectionsStudy
from ganatomy.explain.faithfulness import verdict as rules
from ganatomy.explain.faithfulness.agreement import agreement
from ganatomy.explain.faithfulness.region_comparison import RegionComparison
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.lime.baseline_check import said as beware
from ganatomy.explain.lime.latent_effects import LatentEffects, plain_target
from ganatomy.explain.lime.result import CASES, LimeStudy
from ganatomy.explain.lime.settings import ORDER, BaselineCheck, Hiding, LimeSampling
from ganatomy.explain.maps.missing import missing
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.units.carriers import Carriers
from ganatomy.facade.explanation import Explanation, Maps
from ganatomy.facade.trust import Trust
from ganatomy.gan.training_guards import Guards
from ganatomy.statistics import share_interval
from ganatomy.wording import opened
from tests.unit.sentences.directions_tables import figures_of, further
from tests.unit.sentences.made import NUMBERS, SHARES, few, intervals, reads, some
from tests.unit.sentences.reading import faults, untold

NAN = float("nan")
METHODS = ("gradcam layers.0", "lime", "occlusion", "hirescam G layers.2")
FURTHER = ("traits", "responses", "courses", "found_again", "classes")
OR_NAN = st.one_of(st.just(NAN), NUMBERS)


@st.composite
def hidings(draw: st.DrawFn) -> Hiding:
    """Draw what D says of baselines, and which of them hides."""
    checks = []
    for name in some(draw, ORDER):
        total = draw(st.sampled_from([1, 5, 200]))
        count = draw(st.integers(0, total))
        checks.append(BaselineCheck(name, total, count / total, *share_interval(count, total)))
    kind = draw(st.sampled_from(["real", "generated"]))
    return Hiding(baseline=draw(st.sampled_from(ORDER)), checks=tuple(checks), asked_of=kind)


@reads("explain.lime.baseline_check.said")
@given(hidings())
@few
def test_what_hides_images(hiding: Hiding) -> None:
    text, check = " ".join(beware(hiding)), hiding.own_check
    assert not faults(text)
    if check is None:
        assert not text
        return
    shares = [each for one in hiding.checks for each in (one.share, one.low, one.high)]
    assert not untold(text, [*shares, check.num_images, 0.01, 0.99, 0.95])
    assert ("MORE real" in text) == check.means_nothing


@st.composite
def measures(draw: st.DrawFn) -> pd.DataFrame:
    """Draw what the tests of some methods measured, or did not."""
    rows = []
    for method in some(draw, METHODS):
        keys = [(name, control) for name in rules.REMOVAL for control in rules.CONTROLS]
        keys += [(name, "") for name in (*rules.STABILITY, *rules.RANDOMISATION)]
        for measure, control in keys:
            figures = draw(st.one_of(st.just((NAN,) * 3), intervals(), intervals(shares=True)))
            if draw(st.integers(0, 9)):
                rows.append((method, measure, control, *figures))
    return pd.DataFrame(rows, columns=rules.MEASURES_COLUMNS)


@st.composite
def trusts(draw: st.DrawFn) -> pd.DataFrame:
    """Draw verdicts on kinds of map, by the rules."""
    found = rules.trust(draw(measures()))
    return found.assign(trusted=found["trusted"].astype(bool), refused="")


@reads("explain.faithfulness.verdict.trust")
@given(trusts())
@few
def test_why_a_map_is_not_trusted(table: pd.DataFrame) -> None:
    for row in table.to_dict("records"):
        assert not faults(row["why"])
        assert bool(row["why"]) != bool(row["trusted"])
        for words, limit, above in (
            ("sensitivity ", rules.LARGEST_SENSITIVITY, True),
            ("rank correlation between seeds ", rules.LEAST_SEED_CORRELATION, False),
        ):
            if told := re.search(rf"{words}(-?[\d.]+)", row["why"]):
                assert (float(told.group(1)) > limit) == above
        if told := re.search(r"better than .*? by (\d) of 4", row["why"]):
            assert int(told.group(1)) < rules.FEWEST_BETTER


@st.composite
def region_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw how important methods call regions, with ties and what is not judged."""
    places = [f"r{number}" for number in range(draw(st.integers(0, 6)))]
    methods = some(draw, METHODS)
    value = st.one_of(st.just(NAN), st.sampled_from([0.0, 1.0, 2.0]), NUMBERS)
    rows = [[draw(value) for _ in methods] for _ in places]
    return pd.DataFrame(rows, index=places, columns=methods, dtype=float)


@reads("explain.faithfulness.agreement.Agreement.sentences")
@given(region_tables())
@few
def test_whether_methods_agree(table: pd.DataFrame) -> None:
    found = agreement(table)
    said = found.sentences
    assert said
    for text in said:
        assert not faults(text)
    if "same order" in said[0]:
        assert found.ranks.nunique(axis=1).eq(1).all()
        assert found.ranks.nunique().gt(1).any()


@st.composite
def faithfulness(draw: st.DrawFn) -> FaithfulnessStudy:
    """Draw a study of which only what is said of it is made."""
    regions = RegionComparison(draw(region_tables()), {}, np.zeros((1, 4, 4)))
    table = draw(trusts())
    refused = tuple({"method": each} for each in some(draw, METHODS))
    empty = pd.DataFrame(columns=["measure", "method", "control", "image", "value"])
    study = FaithfulnessStudy.__new__(FaithfulnessStudy)
    fields: dict[str, Any] = {
        "verdicts": table,
        "measures": empty,
        "courses": empty,
        "scores": empty,
        "randomised": {},
        "planted": empty,
        "rules": {},
        "refusals": refused,
        "maps": {},
        "regions": draw(st.sampled_from([None, regions])),
        "hiding": draw(hidings()),
    }
    vars(study).update(fields)
    return study


@reads(
    "explain.faithfulness.result.FaithfulnessStudy.verdict",
    "explain.faithfulness.result.FaithfulnessStudy.sentences",
)
@given(faithfulness())
@few
def test_what_can_be_trusted(study: FaithfulnessStudy) -> None:
    said = study.verdict()
    assert not faults(said)
    assert said.startswith(("None of", "0 of", "No kind")) == (not study.trusted)
    if study.trusted:
        assert all(name in said for name in study.trusted)


@reads("facade.trust.Trust.words")
@given(trusts(), st.sampled_from([1, 8]))
@few
def test_what_a_notebook_says_of_trust(table: pd.DataFrame, number: int) -> None:
    table = table.assign(refused="1 of 8 maps is flat")
    for text in Trust(table, None, number).words():  # type: ignore[arg-type]
        assert not faults(text)


@st.composite
def limes(draw: st.DrawFn) -> LimeStudy:
    """Draw a study of LIME: surrogates that foretell and others, some refused, or all."""
    rows, cases = [], {}
    for key in some(draw, tuple(CASES)):
        count = draw(st.integers(1, 4))
        for _ in range(count):
            refusal = draw(st.sampled_from(["", "", "it is flat", "too few segments"]))
            fit = NAN if refusal else draw(st.sampled_from([NAN, -0.3, -0.001, 0.0004, 0.9, 1.0]))
            rows.append((key, draw(NUMBERS), fit, NAN if refusal else draw(SHARES), refusal, fit))
        stability = [draw(st.sampled_from([NAN, 0.5, 0.999, -0.2])) for _ in range(count)]
        cases[key] = SimpleNamespace(stability=torch.tensor(stability, dtype=torch.float64))
    columns = ["group", "score", "held_out_r2", "share_below", "refusal", "r2"]
    effects = [
        (target, f"z{place}", draw(st.sampled_from([NAN, 0.0, 0.5, 2.0])))
        for target in ("d_logit", "class")
        for place in range(draw(st.integers(1, 4)))
    ]
    fits = [(target, draw(OR_NAN), "") for target in ("d_logit", "class")]
    latents = LatentEffects(
        pd.DataFrame(effects, columns=["target", "name", "mean_abs"]).assign(
            low=lambda table: table["mean_abs"] * draw(st.sampled_from([0.5, 0.99])),
            high=lambda table: table["mean_abs"] * 1.01,
        ),
        pd.DataFrame(fits, columns=["target", "held_out_r2", "refusal"]),
    )
    return LimeStudy(
        LimeSampling(),
        draw(hidings()),
        3,
        cases,  # type: ignore[arg-type]
        pd.DataFrame(rows, columns=columns),
        None,  # type: ignore[arg-type]
        draw(st.sampled_from([None, latents])),
        ("no generator was given, so that there is less",) if len(cases) < len(CASES) else (),
    )


@reads("explain.lime.result.LimeStudy.verdict", "explain.lime.result.LimeStudy.sentences")
@given(limes())
@few
def test_what_lime_found(study: LimeStudy) -> None:
    said = study.verdict()
    assert not faults(said)
    for told in re.findall(r"foretells D's logit with R² (\S+)[ ;]", said):
        assert float(told.rstrip(";")) > 0
    positive = {key: study.positive(key) for key in ("d_real", "d_fake") if key in study.cases}
    assert ("D's logit is above 0" in said) == bool(positive)
    assert ("calls none of them real" in said) == (max(positive.values(), default=1) == 0)
    assert ("calls all of them real" in said) == (min(positive.values(), default=0) == 1)
    for key, share in positive.items():
        assert ("above 0 for 0 %" not in said) or 0 in positive.values(), (key, share)
    for target in () if study.latents is None else study.latents.targets:
        if named := re.search(
            rf"{opened(plain_target(target))} is moved most by ([z\d, and]+) \(", said
        ):
            effects = study.latents.of(target).set_index("name")["mean_abs"]  # type: ignore[union-attr]
            assert (effects[re.findall(r"z\d", named.group(1))] > 0).all()


@st.composite
def map_studies(draw: st.DrawFn) -> MapsStudy:
    """Draw a study of maps of which only what is said of it is made."""
    passes = draw(st.lists(st.booleans(), max_size=4))
    units = draw(st.one_of(st.none(), st.lists(st.booleans(), max_size=4)))
    dissection = None
    if units is not None:
        rows = [("layers.0", number, out) for number, out in enumerate(units)]
        dissection = pd.DataFrame(rows, columns=["layer", "unit", "stands_out"]).astype(
            {"stands_out": bool}
        )
    overlap = dict.fromkeys(
        ("mean_overlap", "mean_chance_overlap"), draw(st.sampled_from([NAN, 0.4]))
    )
    compared = draw(st.sampled_from([None, SimpleNamespace(metrics=lambda: overlap)]))
    refused = tuple({"case": "d_real", "method": each} for each in some(draw, METHODS))
    given = draw(st.sampled_from(["DG", "D", "G"]))
    study = MapsStudy.__new__(MapsStudy)
    vars(study).update(
        num_layers={network: draw(st.integers(0, 2)) for network in given},
        left_out=missing(_of_parts(given, draw(st.integers(0, 1)))),
        fakes=torch.zeros(0),
        comparison=compared,
        causal=pd.DataFrame({"passes": pd.Series(passes, dtype=bool)}),
        carriers=Carriers(pd.DataFrame(), dissection),
        refusals=refused,
        **dict.fromkeys(("cases", "asked", "class_means", "film")),
        methods=("gradcam",),
    )
    return study


def _of_parts(given: str, num_reals: int) -> Subjects:
    """A GAN of D, of G or of both; a D alone may have real images, generated ones, or both."""
    images, has_g = torch.zeros(1, 1, 2, 2), "G" in given
    return Subjects.of(
        nn.Unflatten(1, (1, 2, 2)) if has_g else None,
        nn.Flatten() if "D" in given else None,
        real=images if num_reals else None,
        z=torch.zeros(1, 4) if has_g else None,
        fake=None if has_g or num_reals else images,
    )


@reads("explain.maps.result.MapsStudy.verdict")
@given(map_studies())
@few
def test_what_maps_say(study: MapsStudy) -> None:
    said = study.verdict()
    assert not faults(said)
    for part, network in (("discriminator", "D"), ("generator", "G")):
        assert (f"No {part} was given" in said) == (network not in study.num_layers)
        assert f"No layer of {network} " not in said or network in study.num_layers
    if len(study.causal):
        passed = int(study.causal["passes"].sum())
        assert ("In all" in said) == (passed == len(study.causal) > 1)
        assert ("In none of" in said) == (passed == 0 and len(study.causal) > 1)


@reads("facade.explanation.Explanation.words")
@given(st.lists(NUMBERS, min_size=1, max_size=4), st.lists(NUMBERS, max_size=3), st.data())
@few
def test_what_a_notebook_says_of_maps(
    scores: list[float], reals: list[float], data: st.DataObject
) -> None:
    reasons = {"lime": [data.draw(st.sampled_from(["", "the map is flat"])) for _ in scores]}
    maps = Maps("D's logit", torch.zeros(0), torch.tensor(scores), {}, reasons)
    real_scores = torch.tensor(reals) if reals else None
    words = Explanation(maps, None, real_scores, (), ("look twice.",), None).words()  # type: ignore[arg-type]
    for text in words:
        assert not faults(text)
    figures = [min(scores), max(scores), sum(scores) / len(scores), len(scores), len(reals)]
    figures += [sum(reals) / len(reals)] if reals else []
    level = next(text for text in words if text.startswith("D's logit"))
    assert not untold(level, figures)


@reads("gan.training_guards.Guards.look")
@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=2, max_size=30))
@few
def test_what_the_guards_of_a_training_say(points: list[tuple[float, float, float]]) -> None:
    guards, total = Guards(), 10 * len(points)
    for number, (diversity, accuracy, change) in enumerate(points):
        values = {
            "diversity": diversity,
            "score": change,
            "g_change": change / 1000,
            "d_change": 1.0,
            **dict.fromkeys(("d_accuracy_real", "d_accuracy_fake"), max(accuracy, 0.98)),
            "d_loss": NAN if accuracy == 0.9996 else 0.7,
        }
        for finding in guards.look(10 * (number + 1), total, values):
            text = finding.text.replace("is nan at", "is not a number at")
            assert not faults(text)
            if told := re.search(r"diversity is ([\d.]+) at step \d+, below ([\d.]+)", text):
                assert float(told.group(1)) < float(told.group(2))


@st.composite
def directions(draw: st.DrawFn) -> DirectionsStudy:
    """Draw directions, few or none of which stand out or have a name."""
    total = draw(st.integers(1, 4))
    columns = ("ratio", "low", "high", "ratio_of_left", "low_of_left")
    changes, effects = [], []
    for number in range(1, total + 1):
        ratio, low, high = draw(intervals())
        figures = (abs(ratio), max(low, 0.0), abs(high), abs(ratio), max(low, 0.0))
        told = {"direction": number, "change": draw(SHARES), **dict(zip(columns, figures))}
        told |= {"share": draw(SHARES), "consistency": draw(SHARES)}
        changes.append({**told, "stands_out": draw(st.booleans())})
        for name in some(draw, ("brightness", "cell_1_1", "scale")):
            effect, below, above = draw(intervals())
            row = (number, name, effect, below, above, 0.01, 0.02, 0.1, draw(SHARES))
            effects.append((*row, draw(st.booleans())))
    ratios = [draw(intervals()) for _ in WAYS]
    methods = pd.DataFrame(ratios, columns=["ratio", "low", "high"])
    reasons = ["", "the first layer, main.0, does not take the latents linearly", ""]
    images = torch.zeros(total, 3, 5, 1, 8, 8, dtype=torch.uint8)
    return DirectionsStudy(
        draw(st.sampled_from(WAYS)),
        draw(st.sampled_from([8, 32])),
        methods.assign(method=WAYS, reason=reasons),
        pd.DataFrame(changes),
        pd.DataFrame(effects, columns=EFFECT_COLUMNS),
        torch.eye(total, 4, dtype=torch.float64),
        torch.zeros(total, 1, 8, 8),
        images,
        **further(draw, total),
    )


@reads("explain.directions.result.DirectionsStudy.verdict", "explain.directions.judgements.")
@given(directions())
@few
def test_what_directions_change(study: DirectionsStudy) -> None:
    text = study.verdict()
    assert not faults(text)
    total = len(study.changes)
    figures = study.changes[["ratio", "low", "high"]].to_numpy().ravel().tolist()
    figures += study.effects[["effect", "low", "high"]].to_numpy().ravel().tolist()
    figures += figures_of({name: getattr(study, name) for name in FURTHER})
    assert not untold(text, [*figures, *range(total + 1), STANDS_OUT_FROM, SAME_FROM])
    for number in range(1, total + 1):
        if name := study.concept_of(number):
            own = study.effects[study.effects["direction"] == number]
            row = own[own["concept"] == name].iloc[0]
            assert row["clear"]
            assert abs(row["effect"]) >= 0.5
            assert row["monotone"] >= 0.75
    assert ("No direction" in text) == (study.num_that_stand_out == 0)
    for number in range(1, total + 1):
        assert (f"Direction {number} moves" in text) == bool(study.concept_of(number))
