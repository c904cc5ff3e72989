"""Samples around many items in one stream of big batches, and the surrogates fitted to them.

Knows nothing of images: an item is a number, and whoever calls evaluates it under a mask.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial

import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.designs import blocks, cluster_size
from ganatomy.explain.lime.settings import DEFAULT_SAMPLING, LimeSampling
from ganatomy.explain.lime.surrogate import RIDGE, Surrogate, cosine_weights, fit
from ganatomy.explain.networks.batching import in_batches
from ganatomy.rng import derive_seed

_BATCH_SIZE = 1024
ValuesOf = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Surrogates:
    """Surrogates of n items, and what they cost.

    Attributes
    ----------
    fitted : Surrogate
        On the CPU.
    num_samples : Tensor of shape (n,), int64
        Evaluations of the target spent on each item.
    target_values : Tensor of shape (n,), float64
        The target with every feature shown.
    spread : Tensor of shape (n,), float64
        Largest minus smallest value that was seen: 0 for a constant target.
    """

    fitted: Surrogate
    num_samples: torch.Tensor
    target_values: torch.Tensor
    spread: torch.Tensor


def surrogates(
    values_of: ValuesOf,
    num_features: int,
    keys: Sequence[int],
    *,
    sampling: LimeSampling = DEFAULT_SAMPLING,
    device: torch.device | str = "cpu",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Surrogates:
    """Sample around each item and fit its surrogate.

    The first sample shows every feature. Under ``iid`` it takes part in the fit, as in `lime`; in
    the other designs it is followed by its complement, and both only serve to be looked at: at
    full weight this one corner, where a nonlinear target is farthest from its surrogate, pulls
    every coefficient the same way.

    Parameters
    ----------
    values_of : callable
        Item numbers (LongTensor of shape (m,)), masks (Tensor of shape (m, d), bool, True is shown)
        and numbers of the draw (LongTensor of shape (m,)) to values of shape (m,), all on `device`.
        A batch holds several items. Complements share one number, for what else is drawn at
        random, such as the baseline.
    num_features : int
        d, the same for all items.
    keys : sequence of int
        One seed for each item: it alone decides the item's masks.
    sampling : LimeSampling
        Its engine is none of ours: we are one. A ridge of None is 0.001, a batch size of None 1024.
    device : device
    on_progress : callable
        Evaluations done, evaluations planned by now.
    on_warning : callable
        Told when a batch was too big for the memory, and when `max_samples` did not do.

    Returns
    -------
    Surrogates

    Raises
    ------
    InputError
        Too few samples for the number of features; a ridge that is not above 0.

    Examples
    --------
    >>> def values_of(item, masks, draw):
    ...     return masks.double() @ torch.tensor([3.0, -1, 0, 0, 0, 0, 0, 0]).double()
    >>> result = surrogates(values_of, 8, [1], sampling=LimeSampling(num_samples=128))
    >>> [round(float(value), 3) for value in result.fitted.coefficients[0, :2]]
    [3.0, -1.0]
    """
    pairing = cluster_size(sampling.design)
    max_samples = sampling.max_samples // pairing * pairing
    size = -(-sampling.num_samples // pairing) * pairing
    ridge = RIDGE if sampling.ridge is None else sampling.ridge
    _check(size, num_features, pairing, ridge)
    streams = [_Stream(sampling.design, num_features, key) for key in keys]
    latest = _LatestSurrogates(len(streams), num_features)
    active = list(range(len(streams)))
    masks = torch.zeros(len(active), 0, num_features, dtype=torch.bool, device=device)
    values = torch.zeros(len(active), 0, dtype=torch.float64, device=device)
    done = 0
    while active:
        start = masks.shape[1]
        fresh = torch.stack([streams[item].take(size - start) for item in active]).to(device)
        new = _evaluate(
            values_of,
            torch.tensor(active, device=device),
            fresh,
            start // pairing * pairing,
            pairing,
            sampling.batch_size or _BATCH_SIZE,
            partial(_add_progress, on_progress, done),
            on_warning,
        )
        done += new.numel()
        masks, values = torch.cat([masks, fresh], 1), torch.cat([values, new], 1)
        weights = _weights(masks, sampling.kernel_width, pairing)
        fitted = fit(masks, values, weights, ridge=ridge, cluster_size=pairing)
        latest.put(active, fitted, values)
        if not sampling.tolerance:
            break
        # NaN is no interval: not narrow enough
        wide = ~((fitted.high - fitted.low).amax(1) / 2 <= sampling.tolerance)
        active = [item for item, go_on in zip(active, wide.tolist()) if go_on]
        if active and size >= max_samples:
            on_warning(
                f"{len(active)} of {len(streams)} explanations are wider than the tolerance of "
                f"{sampling.tolerance:g} after {size} samples"
            )
            break
        masks, values = masks[wide], values[wide]
        size = min(2 * size, max_samples)
    return latest.all()


def keys_of(seed: int, purpose: str, inputs: torch.Tensor) -> list[int]:
    """Derive seeds from `seed`, from what they are for, and from each input's content and shape.

    Parameters
    ----------
    seed : int
    purpose : str
    inputs : Tensor of shape (n, ...)

    Returns
    -------
    list of int in [0, 2**63)
    """
    shape = "x".join(map(str, inputs.shape[1:]))
    return [
        derive_seed(seed, purpose, shape, hashlib.sha256(_bytes_of(each)).hexdigest())
        for each in inputs.detach().cpu()
    ]


def _bytes_of(values: torch.Tensor) -> bytes:
    """The bytes in memory: NumPy has no bfloat16."""
    return values.contiguous().view(torch.uint8).numpy().tobytes()


class _Stream:
    """The masks of one item, in the order in which they are used."""

    def __init__(self, design: str, num_features: int, key: int) -> None:
        first = torch.ones(1, num_features, dtype=torch.bool)
        self._left = first if cluster_size(design) == 1 else torch.cat([first, ~first])
        draw = torch.Generator().manual_seed(key)
        self._blocks: Iterator[torch.Tensor] = blocks(design, num_features, draw)

    def take(self, count: int) -> torch.Tensor:
        parts = [self._left]
        have = len(self._left)
        while have < count:
            parts.append(next(self._blocks))
            have += len(parts[-1])
        rows = torch.cat(parts)
        self._left = rows[count:]
        return rows[:count]


class _LatestSurrogates:
    """The latest surrogate of each item."""

    def __init__(self, count: int, num_features: int) -> None:
        wide = ("coefficients", "standard_errors", "low", "high")
        self.parts = {
            field.name: torch.full(
                (count, num_features) if field.name in wide else (count,),
                torch.nan,
                dtype=torch.float64,
            )
            for field in fields(Surrogate)
        }
        self.num_samples = torch.zeros(count, dtype=torch.int64)
        self.target_values = torch.zeros(count, dtype=torch.float64)
        self.spread = torch.zeros(count, dtype=torch.float64)

    def put(self, items: list[int], fitted: Surrogate, values: torch.Tensor) -> None:
        for name, part in self.parts.items():
            part[items] = getattr(fitted, name).cpu()
        self.num_samples[items] = values.shape[1]
        self.target_values[items] = values[:, 0].cpu()
        self.spread[items] = (values.amax(1) - values.amin(1)).cpu()

    def all(self) -> Surrogates:
        fitted = Surrogate(**self.parts)
        return Surrogates(fitted, self.num_samples, self.target_values, self.spread)


def _check(size: int, num_features: int, pairing: int, ridge: float) -> None:
    least = pairing * (num_features + 3)
    if size < least:
        raise InputError(
            f"{size} samples cannot tell {num_features} features apart",
            "num_samples",
            f"Use at least {least}.",
        )
    if not ridge > 0:
        raise InputError(f"a ridge of {ridge:g}", "ridge", "Use one above 0.")


def _weights(masks: torch.Tensor, kernel_width: float | None, pairing: int) -> torch.Tensor:
    if kernel_width is None:
        weights = torch.ones(masks.shape[:2], dtype=torch.float64, device=masks.device)
    else:
        weights = cosine_weights(masks, kernel_width)
    if pairing > 1:
        weights[:, :pairing] = 0
    return weights


def _evaluate(
    values_of: ValuesOf,
    items: torch.Tensor,
    masks: torch.Tensor,
    first: int,
    pairing: int,
    batch_size: int,
    on_progress: Callable[[int, int], None],
    on_warning: Callable[[str], None],
) -> torch.Tensor:
    """Values of the masks (a, s, d) of the items (a,), whose first sample is number `first`."""
    count, size, _ = masks.shape
    numbers = (first + torch.arange(size, device=masks.device)) // pairing
    item, draw = items.repeat_interleave(size), numbers.repeat(count)
    stacked = masks.flatten(0, 1)

    def compute(start: int, stop: int) -> torch.Tensor:
        part = slice(start, stop)
        values = values_of(item[part], stacked[part], draw[part]).double()
        on_progress(stop, len(item))
        return values

    return torch.cat(in_batches(compute, len(item), batch_size, on_warning=on_warning)).view(
        count, size
    )


def _add_progress(on_progress: Callable[[int, int], None], before: int, now: int, new: int) -> None:
    on_progress(before + now, before + new)
