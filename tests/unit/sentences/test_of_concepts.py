"""Sentences on what was learned: concepts of D, and directions of G as features."""

import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.data.features.learned import Judged
from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.explain.craft.result import COLUMNS, FAITHFUL_FROM, DiscriminatorConcepts
from ganatomy.report.sections.concepts import SECTION
from tests.unit.sentences.made import SHARES, few, intervals, reads
from tests.unit.sentences.reading import faults, untold
from tests.unit.sentences.test_of_pages import read_all

NAN = float("nan")
REASONS = ("", "it does not stand out: random directions change the image as much")


@st.composite
def concepts(draw: st.DrawFn) -> DiscriminatorConcepts:
    """Draw concepts of which all or none stand out, and that tell any share of the logit."""
    total = draw(st.integers(1, 6))
    rows = []
    for place in range(1, total + 1):
        effect = draw(intervals())
        share = draw(st.sampled_from([(NAN, NAN, NAN), (0.4, 0.3, 0.5), (1.0, 1.0, 1.0)]))
        judged = (draw(SHARES), 0.01, 0.02, draw(st.booleans()), draw(SHARES))
        rows.append((place, *share, *effect, *judged, 1.01, draw(st.sampled_from([NAN, 0.97]))))
    of_concepts, of_chance = draw(intervals()), draw(intervals())
    shown = torch.zeros(total, 2, 1, 6, 6, dtype=torch.uint8)
    return DiscriminatorConcepts(
        "layers",
        120,
        pd.DataFrame(rows, columns=COLUMNS),
        *(min(each, 1.0) for each in of_concepts),
        min(of_chance[0], 1.0),
        torch.rand(total, 8),
        shown,
        shown,
        torch.zeros(total, 2, 3, 3),
    )


@reads(
    *(f"explain.craft.result.DiscriminatorConcepts.{name}" for name in ("verdict", "said")),
)
@given(concepts())
@few
def test_what_d_is_made_of(study: DiscriminatorConcepts) -> None:
    text = study.verdict()
    assert not faults(text)
    shares = (study.fidelity, study.fidelity_low, study.fidelity_high, study.fidelity_of_random)
    known = [max(0.0, each) for each in shares]
    known += [0.01, 0.99, *range(len(study.table) + 1), *study.table["effect"]]
    assert not untold(text, known)
    assert ("explains the logit hardly" in text) == (study.fidelity < FAITHFUL_FROM)
    assert ("No concept counts more" in text) == (not study.standing_out)
    for place, effect in zip(study.table["concept"], study.table["effect"]):
        assert ("for real" in study.said(place)) == (effect > 0)
    read_all(SECTION, study)


@st.composite
def learned(draw: st.DrawFn) -> LearnedFeatures:
    """Draw directions of which some are features."""
    judged = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        reason = draw(st.sampled_from(REASONS))
        figures = (NAN,) * 6 if reason else (*draw(intervals(shares=True)), 0.4, 0.39, 0.41)
        name = draw(st.sampled_from(["", "orientation"]))
        judged.append(Judged(number, name, reason, *figures, NAN if reason else 0.1))
    features = {each.name: each for each in judged if not each.reason}
    return LearnedFeatures(tuple(judged), None, features)  # type: ignore[arg-type]


@reads("data.features.learned_set.LearnedFeatures.verdict")
@given(learned())
@few
def test_which_directions_are_features(found: LearnedFeatures) -> None:
    text = found.verdict()
    assert not faults(text)
    figures = [vars(each) for each in found.judged]
    known = [value for each in figures for value in each.values() if isinstance(value, float)]
    assert not untold(text, [*known, *range(len(found.judged) + 1)])
    for each in found.judged:
        title = each.title[0].upper() + each.title[1:]
        assert (f"{title} is none: " in text) == bool(each.reason)
        assert (f"{title}: its reading tells" in text) == (not each.reason)
