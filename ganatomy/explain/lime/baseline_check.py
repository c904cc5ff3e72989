"""Which baseline means something: what a discriminator says of real images with everything hidden.

Hiding tells what a place says only if what stands there instead says less. To a discriminator that
rates blurred images above real ones, every place hidden by a blur speaks for "fake".
"""

from collections.abc import Iterator
from dataclasses import replace

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.hiding import segments_of
from ganatomy.explain.lime.settings import (
    AUTO,
    NEED_POOL,
    ORDER,
    Baseline,
    BaselineCheck,
    Hiding,
    Images,
)
from ganatomy.explain.networks.batching import device_of, in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit
from ganatomy.statistics import share_interval
from ganatomy.wording import counted, percent

NUM_CHECKED = 200  # images
_BATCH = 256


def settled(
    hiding: Hiding,
    target: Target,
    reals: torch.Tensor,
    pool: torch.Tensor | None = None,
    *,
    seed: int = 0,
    asked_of: Images = "real",
) -> Hiding:
    """Ask of every baseline whether it means something, and settle which one hides.

    ``auto`` becomes the first that means something; where none does, the one that the fewest
    images look more real by. A baseline that was named stays.

    Parameters
    ----------
    hiding : Hiding
        Comes back as it is where it was settled before.
    target : Target
        Of images: what is higher where an image looks more real.
    reals : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        Held-out images; the first 200 are asked about.
    pool : Tensor of shape (k, c, h, w), optional
        Other images, without which ``mean`` and ``marginal`` are not asked about, nor chosen. Of
        ``marginal`` one is drawn for each image.
    seed : int
        Of ``marginal``.
    asked_of : {"real", "generated"}
        What `reals` are, if there are no real ones.

    Returns
    -------
    Hiding
        With `checks`, and a baseline other than ``auto``.

    Examples
    --------
    >>> from torch import nn
    >>> from ganatomy.explain.networks.targets import d_logit
    >>> bright = nn.Sequential(nn.Flatten(), nn.AvgPool1d(64), nn.Flatten(0))
    >>> reals = -torch.rand(40, 1, 8, 8)  # to this D black is the least real
    >>> hiding = settled(Hiding(), d_logit(bright), reals)
    >>> hiding.baseline, [each.baseline for each in hiding.checks if each.means_something]
    ('black', ['black'])
    """
    if hiding.checks:
        return hiding
    reals = reals[:NUM_CHECKED]
    unmade = NEED_POOL if pool is None else ()
    own = _values(target, reals)
    checks = tuple(
        _check(name, _values(target, hidden) - own)
        for name in ORDER
        if name not in unmade
        for hidden in _hidden(name, hiding, reals, pool, seed)
    )
    chosen = _first(checks) if hiding.baseline == AUTO else hiding.baseline
    return replace(hiding, checks=checks, baseline=chosen, asked_of=asked_of)


def settled_for(subjects: Subjects, hiding: Hiding, pool: torch.Tensor, *, seed: int = 0) -> Hiding:
    """Settle which baseline hides by the images that there are.

    Parameters
    ----------
    subjects : Subjects
        Without a discriminator nobody can be asked, and `hiding` comes back as it is; without real
        images it is asked about the generated ones.
    hiding, pool, seed
        As of `settled`.
    """
    if not subjects.has_discriminator:
        return hiding
    target, has_reals = d_logit(subjects.discriminator), len(subjects.real) > 0
    images = subjects.real if has_reals else subjects.fake
    return settled(
        hiding, target, images, pool, seed=seed, asked_of="real" if has_reals else "generated"
    )


def said(hiding: Hiding) -> Iterator[str]:
    """Say in sentences what to beware of: the baseline means nothing, or another had to hide.

    Examples
    --------
    >>> checks = BaselineCheck("blur", 200, 1, 0.98, 1), BaselineCheck("mean", 200, 0, 0, 0.02)
    >>> print(*said(Hiding(baseline="mean", checks=checks)), sep="\\n")
    Hidden by mean, the first baseline that makes most real images look less real to this D: blur \
makes 100 % of them look more real.
    """
    check = hiding.own_check
    if check is None:
        return
    kind = hiding.asked_of
    if kind != "real":
        yield (
            f"No real images were given, so D was asked about {kind} ones with everything hidden, "
            "and may find these worse than what hides them."
        )
    found = f"{percent(check.share)} of {counted(check.num_images, f'{kind} image')} look"
    interval = f"(95 % interval {percent(check.low)} to {percent(check.high)})"
    if check.means_nothing:
        yield (
            f"Hiding everything by {check.baseline} makes {found} MORE real to this D {interval}: "
            "what is shown is the baseline, not the images."
        )
        others = [each.baseline for each in hiding.checks if each.means_something]
        yield (
            f"Baselines that mean something to it: {', '.join(others)}."
            if others
            else "No baseline means anything to it."
        )
    elif not check.means_something and check.baseline == "marginal":
        yield (
            f"Hidden by other images, {found} more real: what is shown is how an image differs "
            f"from other {kind} ones."
        )
    elif not check.means_something:
        yield (
            f"Whether {check.baseline} means anything to this D is not certain: hidden by it, "
            f"{found} more real {interval}."
        )
        if not any(each.means_something for each in hiding.checks):
            yield "No baseline surely means something to this D."
    elif failed := _before(check, hiding.checks):
        each = ", ".join(f"{one.baseline} makes {percent(one.share)}" for one in failed)
        yield (
            f"Hidden by {check.baseline}, the first baseline that makes most {kind} images look "
            f"less real to this D: {each} of them look more real."
        )


def _before(check: BaselineCheck, checks: tuple[BaselineCheck, ...]) -> list[BaselineCheck]:
    """Return those before it that mean nothing; none where one before it means something."""
    before = checks[: checks.index(check)]
    return [] if any(each.means_something for each in before) else list(before)


def _values(target: Target, images: torch.Tensor) -> torch.Tensor:
    there = device_of(target.model)

    def compute(start: int, stop: int) -> torch.Tensor:
        return target.values(images[start:stop].to(there)).double().cpu()

    with undisturbed(target.model), torch.inference_mode():
        return torch.cat(in_batches(compute, len(images), _BATCH))


def _hidden(
    name: Baseline, hiding: Hiding, reals: torch.Tensor, pool: torch.Tensor | None, seed: int
) -> Iterator[torch.Tensor]:
    """The images with everything hidden; none where a baseline cannot be made of these."""
    segments = segments_of(hiding, reals) if name == "inpaint" else None
    try:
        yield baselines(name, reals, pool, seed=seed, segments=segments)[:, 0]
    except InputError as error:
        if error.where != "baseline":
            raise


def _check(name: Baseline, rise: torch.Tensor) -> BaselineCheck:
    total = len(rise)
    count = float((rise > 0).sum() + total - (rise < 0).sum()) / 2  # also of what is not finite
    return BaselineCheck(name, total, count / total, *share_interval(count, total))


def _first(checks: tuple[BaselineCheck, ...]) -> Baseline:
    return next(
        (each.baseline for each in checks if each.means_something),
        min(checks, key=lambda each: each.share).baseline,
    )
