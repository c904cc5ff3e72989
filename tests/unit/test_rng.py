"""Seeds and generators depend on what they are for and on nothing else."""

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.rng import derive_seed, generator


def test_seed_is_the_upper_63_bits_of_the_hash() -> None:
    digest = hashlib.sha256(b"7\x1flatent\x1f3").hexdigest()
    assert derive_seed(7, "latent", 3) == int(digest[:16], 16) // 2 == 1044842440558341819


@settings(deadline=None, derandomize=True)
@given(st.integers(), st.lists(st.text() | st.integers(), max_size=4))
def test_seed_is_within_what_torch_takes(seed: int, purpose: list[str | int]) -> None:
    assert 0 <= derive_seed(seed, *purpose) < 2**63


def test_purposes_differ() -> None:
    purposes: list[tuple[str | int, ...]] = [
        (),
        ("order",),
        ("latent",),
        ("order", 0),
        ("order", 1),
        ("order", 10),
        ("order", 1, 0),
        ("o", "rder"),
    ]
    seeds = {derive_seed(seed, *purpose) for seed in (0, 1) for purpose in purposes}
    assert len(seeds) == 2 * len(purposes)


@pytest.mark.parametrize("purpose", [("a", 0), ("b", 0), ("a", 1)])
def test_generator_ignores_what_ran_before(purpose: tuple[str | int, ...]) -> None:
    first = torch.randn(5, generator=generator(3, *purpose))
    torch.manual_seed(99)
    torch.randn(7, generator=generator(3, "something else"))
    assert torch.equal(torch.randn(5, generator=generator(3, *purpose)), first)


def test_generators_of_two_purposes_are_unrelated() -> None:
    first = torch.randn(4000, generator=generator(0, "a"))
    second = torch.randn(4000, generator=generator(0, "b"))
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.06  # 4 sigma
