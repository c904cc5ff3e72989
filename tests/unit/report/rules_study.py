"""A study of rules by hand: of each kind of answer one, with figures that a page can be read by."""

import pandas as pd
import torch

from ganatomy.explain.rules.answer import CANDIDATE_COLUMNS, CHANGE_COLUMNS, Answer
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.explain.rules.rule import Condition, Rule

LOW, HOLES = Condition("contrast", False, 0.31), Condition("holes", True, 1.0)
BOTH = Rule(((LOW, HOLES),))
COUNTS = {"train": 900, "choice": 300, "held_out": 600, "made": 366}
NAN = float("nan")


def images(count: int, channels: int = 1, size: int = 28) -> torch.Tensor:
    """Images that differ, uint8."""
    own = torch.Generator().manual_seed(count)
    coarse = torch.rand(count, channels, 4, 4, generator=own)
    grown = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    return (grown.clamp(0, 1) * 255).to(torch.uint8)


def candidates(
    shown: int | None = 2, *, natural: tuple[float, ...] = (0.91, 0.9, 0.92, 0.7, 0.3)
) -> pd.DataFrame:
    """Rules of two learners, of one to four conditions; that of the tree of a length is shown."""
    rows = []
    for learner, gain in (("tree", 0.0), ("logic network", 0.01)):
        for length, fidelity in enumerate((0.78, 0.93, 0.935, 0.94), start=1):
            agrees = fidelity - gain
            is_shown = learner == "tree" and length == shown
            rows.append(
                (
                    *(learner, length, str(BOTH), agrees, agrees - 0.02, agrees + 0.02),
                    *(0.61, 0.57, 0.65, 0.4, 0.92, 0.9, 0.8, agrees, is_shown, *natural),
                )
            )
    return pd.DataFrame(rows, columns=CANDIDATE_COLUMNS)


def changes(*, holds: bool = True, is_tried: bool = True) -> pd.DataFrame:
    """Both conditions changed, the second one in vain where `holds` is not."""
    rows = [
        (str(LOW), "feature", 200, 180, 0.62, 0.55, 0.69, 0.71, 0.09, 0.02, True, ""),
        (str(HOLES), "direction of G", 200, 90, *_second(holds), 0.01, holds, ""),
    ]
    if not is_tried:
        rows = [(str(HOLES), "", 0, 0, *[NAN] * 6, False, "nothing changes holes alone")]
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _second(holds: bool) -> tuple[float, ...]:
    return (0.5, 0.4, 0.6, 0.6, 0.1) if holds else (0.02, -0.04, 0.08, 0.1, 0.08)


def answer(name: str, **given: object) -> Answer:
    """An answer of D's with a rule, but for what is given."""
    whole = {
        "name": name,
        "network": "D",
        "question": "When does D take an image for real?",
        "says": "D says real",
        "otherwise": "D says generated",
        "rule": BOTH,
        "reason": "",
        "counts": COUNTS,
        "candidates": candidates(),
        "changes": changes(),
        "satisfying": images(8),
        "violating": images(7),
    }
    return Answer(**{**whole, **given})  # type: ignore[arg-type]


def study() -> RulesStudy:
    """A rule that causes, one that describes, none at all, and what G has too little of."""
    none = images(0)
    empty = {"candidates": candidates(None).iloc[:0], "changes": changes().iloc[:0]}
    missed = Rule(((Condition("area", True, 0.4), Condition("holes", True, 1.0)),))
    forced = Rule(((Condition("direction:2", True, 1.0),),))
    reason = "no rule agrees more often than always saying the same does, 61 % (57 to 65)"
    answers = (
        answer("real"),
        answer(
            "high_logit",
            question="When is D's logit in its top third?",
            says="D's logit is high",
            otherwise="D's logit is low",
            changes=changes(holds=False),
        ),
        answer(
            "fake_taken_for_real",
            question="Which generated images does D take for real?",
            rule=None,
            reason=reason,
            candidates=candidates(None),
            changes=changes().iloc[:0],
            satisfying=none,
            violating=none,
        ),
        answer(
            "direction:2",
            network="G",
            question="What does direction 2 of G's latents force?",
            says="area is high",
            otherwise="area is not high",
            rule=forced,
            changes=changes(is_tried=False),
        ),
        answer(
            "missed",
            network="G",
            question="What has the data that G does not make?",
            says="",
            otherwise="",
            rule=missed,
            satisfying=images(6),
            violating=images(6),
            **empty,
        ),
    )
    concepts = pd.DataFrame(
        [
            ("contrast", "standard deviation, 0 black to 1 white", 0.1, 0.5, 0.3, 0.05, ""),
            ("holes", "", 0.0, 3.0, 0.6, 0.7, ""),
            ("saturation", "", NAN, NAN, NAN, NAN, "needs images in colour"),
        ],
        columns=["name", "unit", "low", "high", "mean", "std", "reason"],
    )
    formula = pd.DataFrame(
        {
            "concept": ["", "contrast", "holes", "cell_1_1"],
            "text": ["0.4", "−4.1 · max(0, contrast − 0.31)", "+0.8 · holes", "+0.2 · cell_1_1"],
            "moves": [0.0, 1.4, 0.7, 0.1],
            "sign": [0.0, -1.0, 1.0, 1.0],
        }
    )
    coverage = pd.DataFrame(
        {
            "kind": ["missed", "invented"],
            "text": [str(missed), "contrast > 0.49"],
            "length": [2, 1],
            "real_count": [41, 0],
            "real_total": [500, 500],
            "fake_count": [3, 9],
            "fake_total": [700, 700],
            "ratio": [0.05, NAN],
            "low": [0.01, 2.1],
            "high": [0.16, NAN],
            "p": [1e-9, 0.02],
            "q": [1e-8, 0.08],
            "expected": [0.4, NAN],
            "is_shown": [True, False],
        }
    )
    shifts = pd.DataFrame(
        {
            "concept": ["area", "contrast"],
            "real_mean": [0.3, 0.31],
            "fake_mean": [0.21, 0.3],
            "real_std": [0.1, 0.05],
            "distance": [0.42, 0.08],
            "low": [0.37, 0.04],
            "high": [0.47, 0.13],
            "p": [1e-30, 0.01],
            "q": [1e-29, 0.02],
        }
    )
    sides = pd.DataFrame(
        {
            "direction": ["direction:2"],
            "side": [">"],
            "threshold": [1.0],
            "text": ["area > 0.4"],
            "share": [0.97],
            "low": [0.93],
            "high": [0.99],
            "of_all": [0.4],
        }
    )
    return RulesStudy(
        answers,
        concepts,
        formula,
        {"r2": 0.71, "low": 0.64, "high": 0.77, "num_images": 600.0},
        {"invented": "no combination of concepts is G's alone."},
        coverage,
        shifts,
        sides,
    )
