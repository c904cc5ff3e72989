"""What a discriminator decides about images, and is asked for a rule about.

Every decision is the network's own, by its logit: whether an image is real or generated only says
which images are asked about.
"""

from dataclasses import dataclass

import torch

from ganatomy.boundary import boundary
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.wording import counted, signed

NAMES = ("real", "high_logit", "fake_taken_for_real", "real_rejected")
NO_DISCRIMINATOR = "there is no discriminator: nothing is known of what it decides"
_THIRD = 1 / 3


@dataclass(frozen=True, eq=False)
class Decision:
    """A decision about some of the images, made or not made of each.

    Attributes
    ----------
    name, question, says, otherwise : str
        As of `answer.Answer`.
    places : Tensor of shape (n,), int64
        Of the images that are asked about, in the real images with the generated ones behind.
    made : Tensor of shape (n,), bool
    cut : float
        The decision is made where the logit is above it,
    is_above : bool
        or, where this is False, where it is not.
    """

    name: str
    question: str
    says: str
    otherwise: str
    places: torch.Tensor
    made: torch.Tensor
    cut: float
    is_above: bool = True

    def of(self, logits: torch.Tensor) -> torch.Tensor:
        """Say of logits of shape (n,) whether the decision is made: booleans of shape (n,)."""
        return (logits > self.cut) == self.is_above


@dataclass(frozen=True)
class Cut:
    """Where a logit is cut into real and fake.

    Attributes
    ----------
    value : float
    words : str
        Why there.
    """

    value: float
    words: str


def decisions_of(
    logits: torch.Tensor, subjects: Subjects, *, boundary_at_0: bool, least: int
) -> tuple[list[Decision], dict[str, str]]:
    """Return what a discriminator decided, and the decisions that are left out, with reasons.

    ``real``
        Its logit is above where it is cut into real and fake, of all images.
    ``high_logit``
        It is in the top third and not in the bottom third, of the real images alone: over all
        images that would be nearly the same question as ``real``. Of generated images where there
        are no real ones.
    ``fake_taken_for_real``
        A generated image is above the cut; where too few are, it is in the top third of them, and
        the question says so.
    ``real_rejected``
        A real image is not above the cut.

    Parameters
    ----------
    logits : Tensor of shape (n,)
        Of the real images with the generated ones behind.
    subjects : Subjects
    boundary_at_0 : bool
        Whether D's loss makes 0 the boundary; without it see `cut_of`.
    least : int
        Images of which a decision must have been made, and of which not.
    """
    logits, num_real = logits.double(), len(subjects.real)
    cut = cut_of(logits[:num_real], logits[num_real:], boundary_at_0, least)
    of_real, of_fake = torch.arange(num_real), torch.arange(num_real, len(logits))
    asked = [
        _about_all(logits, cut),
        _thirds(logits, of_real if num_real else of_fake, bool(num_real)),
        *([_taken(logits, of_fake, cut, least)] if len(of_fake) else []),
        *([_rejected(logits, of_real, cut)] if num_real else []),
    ]
    left_out = {each.name: _too_few(each, least) for each in asked}
    if not len(of_fake):
        left_out["fake_taken_for_real"] = "there are no generated images that D could take for real"
    if not num_real:
        left_out["real_rejected"] = "there are no real images that D could reject"
    kept = [each for each in asked if not left_out[each.name]]
    return kept, {name: reason for name, reason in left_out.items() if reason}


def cut_of(reals: torch.Tensor, fakes: torch.Tensor, boundary_at_0: bool, least: int) -> Cut:
    """Say where logits are cut into real and fake.

    At 0 where D was trained for that; else where reals and fakes are told apart best, by balanced
    accuracy; else at the median: of images of one kind, and where the best cut leaves fewer than
    `least` images on a side.
    """
    if boundary_at_0:
        return Cut(0.0, "its logit above 0")
    whole = torch.cat([reals, fakes])
    if len(reals) and len(fakes):
        best = boundary(reals, fakes).best
        num_above = int((whole > best).sum())
        if min(num_above, len(whole) - num_above) >= least:
            return Cut(best, f"its logit above {signed(best)}, where it tells them apart best")
    middle = _middle(whole)
    return Cut(
        middle, f"its logit above {signed(middle)}, the median: it has no boundary of its own"
    )


def _middle(logits: torch.Tensor) -> float:
    """Return the value above which there are half of the logits, as nearly as ties let it be.

    Of a D with few values nothing may lie above the median.
    """
    median = logits.median()
    below = logits[logits < median]
    cuts = [median, *([below.max()] if len(below) else [])]
    return float(min(cuts, key=lambda cut: abs(2 * int((logits > cut).sum()) - len(logits))))


def _about_all(logits: torch.Tensor, cut: Cut) -> Decision:
    question = f"When does D take an image for real ({cut.words})?"
    places = torch.arange(len(logits))
    return Decision(
        "real", question, "D says real", "D says fake", places, logits > cut.value, cut.value
    )


def _thirds(logits: torch.Tensor, places: torch.Tensor, is_real: bool) -> Decision:
    kind, own = ("real" if is_real else "generated"), logits[places]
    low, high = (float(own.quantile(share)) for share in (_THIRD, 1 - _THIRD))
    is_top, is_bottom = own > high, own <= low
    chosen = is_top | is_bottom
    return Decision(
        "high_logit",
        f"Which {kind} images does D find most real (top against bottom third of its logit)?",
        f"a {kind} image is in the top third of D's logit",
        f"a {kind} image is in the bottom third of D's logit",
        places[chosen],
        is_top[chosen],
        (low + high) / 2,
    )


def _taken(logits: torch.Tensor, places: torch.Tensor, cut: Cut, least: int) -> Decision:
    own = logits[places]
    above = own > cut.value
    if min(int(above.sum()), int((~above).sum())) >= least:
        return Decision(
            "fake_taken_for_real",
            f"Which generated images does D take for real ({cut.words})?",
            "D takes a generated image for real",
            "D rejects a generated image",
            places,
            above,
            cut.value,
        )
    high = float(own.quantile(1 - _THIRD))
    side = "Hardly any" if above.double().mean() < 0.5 else "Nearly every"
    return Decision(
        "fake_taken_for_real",
        f"{side} generated image is taken for real: which does D find most real (top third of its "
        "logit against the others)?",
        "a generated image is in the top third of D's logit",
        "a generated image is not in the top third of D's logit",
        places,
        own > high,
        high,
    )


def _rejected(logits: torch.Tensor, places: torch.Tensor, cut: Cut) -> Decision:
    return Decision(
        "real_rejected",
        f"Which real images does D reject (not {cut.words})?",
        "D rejects a real image",
        "D takes a real image for real",
        places,
        logits[places] <= cut.value,
        cut.value,
        is_above=False,
    )


def _too_few(decision: Decision, least: int) -> str:
    """Say why a decision is not asked about; "" where it is."""
    made, total = int(decision.made.sum()), len(decision.made)
    if min(made, total - made) >= least:
        return ""
    return (
        f"{decision.question} {made:,} of {counted(total, 'image')} are such: a rule needs {least} "
        "that are and as many that are not"
    )
