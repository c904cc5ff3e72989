"""Does the generator repeat its training images: one verdict, and what it rests on."""

from dataclasses import dataclass

from ganatomy.errors import InputError
from ganatomy.metrics.authenticity import Authenticity, authenticity
from ganatomy.metrics.copies import Copies, find_copies, least_count
from ganatomy.metrics.data_copying import DataCopying, data_copying
from ganatomy.metrics.independence import Independence, check_independence
from ganatomy.metrics.nearness import ThreeSamples
from ganatomy.wording import listed, percent

COPIES = "copies"
NO_SIGN = "no sign of copying"
CANNOT_TELL = "cannot tell"

# Smooth honest fakes have up to 2.3 times the expected share; 5% of copies make it 6 times.
TIMES_EXPECTED = 3
_BLIND_ABOVE = 0.5  # not to see that so many of the fakes are copies is not to see


@dataclass(frozen=True)
class Evidence:
    """The evidence for copies in one space.

    Attributes
    ----------
    copies : Copies
        Decides.
    data_copying : DataCopying
    authenticity : Authenticity
    has_copies : bool
        Too many fakes are below the threshold.
    detectable : float
        The smallest share of fakes below the threshold that is too many; infinite where even all
        of them would not be.
    is_nearer : bool
        Fakes as a whole are nearer to the training images than held-out images are, by C_T and by
        authenticity. A copying generator's are; so are smooth fakes that copy nothing.
    """

    copies: Copies
    data_copying: DataCopying
    authenticity: Authenticity
    has_copies: bool
    detectable: float
    is_nearer: bool


@dataclass(frozen=True)
class Memorisation:
    """The result of `judge_memorisation`.

    Attributes
    ----------
    verdict : str
        `COPIES`, `NO_SIGN` or `CANNOT_TELL`.
    reason : str
        The verdict in a sentence or two, with its numbers.
    rule : str
        How verdicts are reached, in words.
    spaces : dict of str to Evidence
        By the held-out images that are independent of the training images; by all of them where
        too few are.
    independence : Independence
    """

    verdict: str
    reason: str
    rule: str
    spaces: dict[str, Evidence]
    independence: Independence


def judge_memorisation(
    spaces: dict[str, ThreeSamples],
    seed: int,
    quantile: float = 0.01,
    *,
    alpha: float = 0.001,
    independence: Independence | None = None,
) -> Memorisation:
    """Decide whether fakes repeat training images.

    The verdict rests on the lower tail of relative distances alone. C_T and authenticity look at
    all fakes at once, and say in `reason` how these lie as a whole. With 1,000 fakes, 1,000
    held-out and 2,500 training digits, the verdict is "copies" in 20 of 20 splits when 5% of the
    fakes are copies and in none of 50 when none are; C_T is as sure in none of the former, and
    in 8 of 8 when honest fakes are blurred by 0.7 pixels.

    Held-out images that are also among the training images set no threshold: they are set aside.
    Where too few are left, or so few that not even half of the fakes being copies would be seen,
    the absence of a finding is none, and the verdict is "cannot tell".

    Parameters
    ----------
    spaces : dict of str to ThreeSamples
        The same images in each, as pixels and as features, say. Neither sees everything: pixels
        lose a copy that is moved, features one that is blurred.
    seed : int
    quantile : float in (0, 1)
        Of held-out images that are to be below the threshold.
    alpha : float in (0, 1)
        Honest fakes are called copies at most this often; shared out among the spaces.
    independence : Independence, optional
        Of the held-out images; by default what their distances tell of it.

    Raises
    ------
    InputError
        No space is given, or the quantile is not in (0, 1).
    """
    if not spaces:
        raise InputError("no space to compare images in", "spaces", "Give pixels or features.")
    independence = independence or check_independence(spaces)
    by_space = {
        name: _weigh(independence.without_copies(samples), seed, quantile, alpha / len(spaces))
        for name, samples in spaces.items()
    }
    verdict = _verdict(by_space, independence)
    rule = (
        f"Copies: in at least one of {len(spaces)} spaces, the share of fakes whose relative"
        " distance to the training images is below the threshold set by held-out images is at"
        f" least {TIMES_EXPECTED} times the expected one, and so large a share has a chance below"
        f" {alpha:g} / {len(spaces)} for fakes drawn like held-out images. Held-out images that"
        " are also among the training images, equal or nearly so, set no threshold."
    )
    return Memorisation(
        verdict, _reason(verdict, by_space, independence), rule, by_space, independence
    )


def _verdict(by_space: dict[str, Evidence], independence: Independence) -> str:
    if not independence.leaves_enough:
        return CANNOT_TELL
    if any(evidence.has_copies for evidence in by_space.values()):
        return COPIES
    if min(evidence.detectable for evidence in by_space.values()) > _BLIND_ABOVE:
        return CANNOT_TELL
    return NO_SIGN


def _reason(verdict: str, by_space: dict[str, Evidence], independence: Independence) -> str:
    shares = "; ".join(
        f"{name}: {percent(evidence.copies.share, 1)} of fakes below the threshold,"
        f" {percent(evidence.copies.expected, 1)} expected"
        for name, evidence in by_space.items()
    )
    reason = f"{shares}."
    if verdict == NO_SIGN:
        least = min(evidence.detectable for evidence in by_space.values())
        reason += f" From {percent(least, 1)} on they would be called copies."
    nearer = [name for name, evidence in by_space.items() if evidence.is_nearer]
    if nearer and verdict == NO_SIGN:
        reason += (
            f" In {listed(nearer)}, fakes as a whole are nearer to the training images than"
            " held-out images are, as smooth images are without being copies: look at the panel."
        )
    lost, total = independence.num_in_training, independence.num_held_out
    are = "is" if lost == 1 else "are"
    twice = f"{lost:,} of {total:,} held-out images {are} also among the training images"
    if not independence.leaves_enough:
        return (
            f"{twice}, equal or nearly so: {total - lost:,} are left, too few to set a threshold."
        )
    if verdict == CANNOT_TELL:
        reason = (
            f"{total - lost:,} held-out images that are not among the training images are so few"
            f" that not even {percent(_BLIND_ABOVE)} of copies would be seen. {reason}"
        )
    return reason + (f" {twice}, equal or nearly so, and set no threshold." if lost else "")


def _weigh(samples: ThreeSamples, seed: int, quantile: float, alpha: float) -> Evidence:
    copies = find_copies(samples, quantile)
    whole, authentic = data_copying(samples, seed), authenticity(samples)
    num_fakes = len(samples.fakes)
    enough = least_count(
        num_fakes,
        len(samples.held_out),
        quantile,
        alpha=alpha,
        least_share=TIMES_EXPECTED * copies.expected,
    )
    return Evidence(
        copies,
        whole,
        authentic,
        copies.p_value < alpha and copies.share >= TIMES_EXPECTED * copies.expected,
        enough / num_fakes,
        whole.p_value < alpha and authentic.interval[1] < authentic.floor_interval[0],
    )
