"""Tables of what was read out of retrained GANs, made of known numbers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def repeats(
    values: dict[str, Array], readouts: list[str], share: float = 1.0, mode: str = "remove"
) -> pd.DataFrame:
    """Values of shape (readouts, seeds) by variant: ``null_*``, ``subset_*=a+b``, or features.

    What follows ``=`` are the features; without it the variant is named by them.
    """
    parts = []
    for key, table in values.items():
        variant, _, features = key.partition("=")
        is_null = variant.startswith("null_")
        num_seeds = np.asarray(table).shape[1]
        parts.append(
            pd.DataFrame(
                {
                    "variant": variant,
                    "features": "" if is_null else features or variant,
                    "mode": "null" if is_null else mode,
                    "is_null": is_null,
                    "seed": np.tile(np.arange(num_seeds), len(readouts)),
                    "share": share,
                    "readout": np.repeat(np.array(readouts, dtype=object), num_seeds),
                    "value": np.ravel(table),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def noise(
    draw: np.random.Generator,
    variants: list[str],
    num_nulls: int,
    num_readouts: int,
    num_seeds: int,
    spread: float = 0.0,
) -> dict[str, Array]:
    """Variants that are nulls too; the sd of a seed's noise is lognormal with this spread."""
    level = 10 * draw.normal(size=(num_readouts, num_seeds))  # seeds differ more than nulls do
    scale = np.exp(spread * draw.normal(size=(num_readouts, num_seeds)))
    names = [*variants, *(f"null_{k}" for k in range(num_nulls))]
    return {name: level + scale * draw.normal(size=level.shape) for name in names}


def many(count: int) -> list[str]:
    """Names of this many readouts: each is one more experiment with the same variants."""
    return [f"g_{at:05d}" for at in range(count)]
