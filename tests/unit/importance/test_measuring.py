"""What is read out of retrained GANs, against peers, closed forms and planted faults."""

import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
import torch
from prdc import compute_prdc
from sklearn.metrics import roc_auc_score
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.images import to_float
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.members import Member
from ganatomy.importance.readouts import READOUTS
from ganatomy.importance.repeats import ReadOut
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.random_features import RandomFeatures

COLUMNS = ["variant", "features", "mode", "is_null", "seed", "share", "readout", "value"]


class _Pictures(nn.Module):
    """A generator: latents of shape (n, 64) as images of 8 x 8, smoothed and moved."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        images = nn.functional.avg_pool2d(z.view(-1, 1, 8, 8), 3, 1, 1)
        return torch.tanh(images + self.shift)


class _Answers(nn.Module):
    """A discriminator that is known by its logits: of the image of level i, the i-th."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits[((images[:, 0, 0, 0] + 1) * 127.5).round().long()]


def _images(count: int, seed: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    small = torch.randint(0, 256, (count, 1, 4, 4), generator=draw).float()
    return nn.functional.interpolate(small, size=8, mode="bilinear").to(torch.uint8)


def _levels(first: int, count: int) -> torch.Tensor:
    """Images that `_Answers` knows."""
    levels = torch.arange(first, first + count).view(-1, 1, 1, 1)
    return levels.expand(-1, 1, 8, 8).to(torch.uint8)


def _evaluator(num_classes: int = 3) -> Evaluator:
    torch.manual_seed(0)
    return Evaluator(1, 2, num_classes).eval()


def _held_out(images: torch.Tensor, class_names: tuple[str, ...] = ("a", "b", "c")) -> Dataset:
    return Dataset(images, torch.full((len(images),), UNLABELLED), class_names)


def _evaluation(
    count: int = 6, class_names: tuple[str, ...] = ("a", "b", "c"), num_latents: int = 8
) -> EvaluationSet:
    """`count` reals, then fakes, of the levels 0, 1, 2 ..."""
    z = torch.randn(num_latents, 64, generator=torch.Generator().manual_seed(1))
    reals, fakes = _held_out(_levels(0, count), class_names), _levels(count, count)
    return EvaluationSet(reals, fakes, z, _evaluator(), RandomFeatures(1, 0, 1))


def _member(
    name: str,
    logits: torch.Tensor,
    seed: int = 0,
    share: float = 1.0,
    generator: nn.Module | None = None,
) -> Member:
    return Member(_recipe(name), seed, share, generator or _Pictures(), _Answers(logits))


def _recipe(name: str) -> Recipe:
    if name.startswith("null_"):
        return Recipe(name, (), "null", 0, "", "null")
    return Recipe(name, tuple(name.split("+")), "remove", 0, "", "")


def _read(members: list[Member], evaluation: EvaluationSet | None = None) -> ReadOut:
    return read_out(members, evaluation or _evaluation(), num_members=len(members))


def _value(repeats: pd.DataFrame, **where: object) -> float:
    found = repeats
    for column, wanted in where.items():
        found = found[found[column] == wanted]
    assert len(found) == 1
    return float(found["value"].iloc[0])


# ---- the table ----


def test_one_row_for_each_member_and_readout() -> None:
    draw = torch.Generator().manual_seed(0)
    names = ("a+b", "null_0", "null_1", "a")
    members = [_member(name, torch.randn(12, generator=draw), s) for s in (0, 1) for name in names]
    steps: list[tuple[int, int]] = []
    found = read_out(
        members,
        _evaluation(),
        num_members=8,
        on_progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(done, 8) for done in range(1, 9)]
    repeats = found.repeats
    assert list(repeats.columns) == COLUMNS
    assert len(repeats) == 8 * (len(READOUTS) - 1)  # no variant was named to ask D about
    assert set(repeats["readout"]) == set(READOUTS) - {"d_contrast"}
    assert not repeats.duplicated(["variant", "seed", "readout"]).any()
    heads = repeats[COLUMNS[:4]].drop_duplicates().sort_values("variant")
    assert heads.to_numpy().tolist() == [
        ["a", "a", "remove", False],
        ["a+b", "a+b", "remove", False],
        ["null_0", "", "null", True],
        ["null_1", "", "null", True],
    ]
    assert found.diverged.empty


def test_d_is_asked_about_the_variants_that_are_named() -> None:
    """Nulls about each of them, a variant about its own; without names nobody is asked."""
    names = ("null_0", "null_1", "contrast", "brightness")
    members = [_member(name, torch.arange(256.0).roll(k)) for k, name in enumerate(names)]
    recipes = [_recipe(name) for name in names]
    found = read_out(members, _evaluation(), num_members=4, recipes=recipes).repeats
    asked = found[found["readout"].str.startswith("d_contrast")]
    pairs = sorted(asked[["variant", "readout"]].itertuples(index=False, name=None))
    own = [(name, f"d_contrast:{name}") for name in ("brightness", "contrast")]
    of_nulls = [(null, readout) for null in ("null_0", "null_1") for _, readout in own]
    assert pairs == own + of_nulls
    assert "d_contrast" not in set(_read(members).repeats["readout"].str.partition(":")[0])


def test_members_are_loaded_and_let_go_one_by_one() -> None:
    alive: list[weakref.ref[nn.Module]] = []
    most = 0

    def members() -> Iterator[Member]:
        nonlocal most
        for k in range(5):
            member = _member(f"null_{k}", torch.arange(12.0).roll(k))
            assert member.generator is not None
            alive.append(weakref.ref(member.generator))
            most = max(most, sum(ref() is not None for ref in alive))
            yield member
            del member

    found = read_out(members(), _evaluation(), num_members=5)
    assert set(found.repeats["variant"]) == {f"null_{k}" for k in range(5)}
    assert most <= 2


def test_the_order_of_members_does_not_matter() -> None:
    draw = torch.Generator().manual_seed(0)
    logits = {name: torch.randn(12, generator=draw) for name in ("a", "null_0", "null_1")}
    members = [
        _member(name, x, generator=_Pictures(k / 5)) for k, (name, x) in enumerate(logits.items())
    ]
    pd.testing.assert_frame_equal(_read(members).repeats, _read(members[::-1]).repeats)


# ---- the generator ----


def _frechet(first: np.ndarray, second: np.ndarray) -> float:
    one, two = np.cov(first.T), np.cov(second.T)
    root = np.sqrt(np.linalg.eigvals(one @ two).real.clip(min=0))
    shift = first.mean(0) - second.mean(0)
    return float(shift @ shift + np.trace(one + two) - 2 * root.sum())


def _kernel(first: np.ndarray, second: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        return float((k(x, x).sum() - np.trace(k(x, x))) / (len(x) * (len(x) - 1)))

    return within(first) + within(second) - 2 * float(k(first, second).mean())


def test_generators_are_measured_as_peers_measure_them() -> None:
    reals = _images(90, 0)
    z = 3 * torch.randn(80, 64, generator=torch.Generator().manual_seed(1))
    evaluator, random_features = _evaluator(), RandomFeatures(1, 0, 1)
    generators = {"far": _Pictures(0.7), "null_0": _Pictures(), "null_1": _Pictures(0.1)}
    nothing = torch.zeros(256)
    members = [_member(name, nothing, generator=made) for name, made in generators.items()]
    evaluation = EvaluationSet(_held_out(reals), reals, z, evaluator, random_features)
    repeats = _read(members, evaluation).repeats
    with torch.no_grad():
        for name, made in generators.items():
            shown = ((made(z) + 1) * 127.5).round().to(torch.uint8)  # as people see them
            seen, seen_reals, random, random_reals = (
                network.features(to_float(images)).double().numpy()
                for network in (evaluator, random_features)
                for images in (shown, reals)
            )
            made_shares, real_shares = (
                np.bincount(evaluator(to_float(images)).argmax(1), minlength=3) / len(images)
                for images in (shown, reals)
            )
            peer = compute_prdc(seen_reals, seen, 5)
            expected = {
                "g_fcd": _frechet(seen, seen_reals),
                "g_frd": _frechet(random, random_reals),
                "g_kcd": _kernel(seen, seen_reals),
                "g_krd": _kernel(random, random_reals),
                **{f"g_{metric}": peer[metric] for metric in ("precision", "recall", "coverage")},
                "g_class_shift": abs(made_shares - real_shares).sum() / 2,
            }
            assert 0 < peer["coverage"] < 1
            for readout, value in expected.items():
                found = _value(repeats, variant=name, readout=readout)
                assert found == pytest.approx(value, rel=1e-5, abs=1e-12), readout


class _ByLevel(nn.Module):
    """An evaluator that knows the classes: the nearest of equally spaced levels of brightness."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(1, num_classes)
        centres = torch.linspace(-1, 1, num_classes)
        self.head.weight.data = 2 * centres.unsqueeze(1)
        self.head.bias.data = -centres.square()

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3)).unsqueeze(1)


class _OfClasses(nn.Module):
    """A generator that makes these classes of `num_classes` equally often, in the order of z."""

    def __init__(self, made: list[int], num_classes: int) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.linspace(-1, 1, num_classes)[made])

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        which = (z[:, 0] * len(self.levels)).long()
        return self.levels[which].view(-1, 1, 1, 1).expand(-1, 1, 8, 8)


@pytest.mark.parametrize(
    ("made", "shift"),
    # without one of k classes that are equally frequent, 1 / k of the fakes are of a wrong one
    [
        ([0, 1, 2, 3], 0),
        ([0, 1, 2], 1 / 4),
        ([1, 3], 1 / 2),
        ([2], 3 / 4),
        ([0, 0, 1, 2, 3], 3 / 20),
    ],
)
def test_a_class_left_out_is_seen_in_the_shares(made: list[int], shift: float) -> None:
    names = ("w", "x", "y", "z")
    reals = torch.tensor([0, 85, 170, 255], dtype=torch.uint8).repeat(15).view(-1, 1, 1, 1)
    reals = reals.expand(-1, 1, 8, 8)
    z = (torch.arange(60) / 60).unsqueeze(1)
    evaluator: Evaluator = _ByLevel(4)  # type: ignore[assignment]
    held_out = _held_out(reals, names)
    evaluation = EvaluationSet(held_out, reals, z, evaluator, RandomFeatures(1, 0, 1))
    member = _member("class_z", torch.zeros(256), generator=_OfClasses(made, 4))
    found = _read([member], evaluation)
    assert _value(found.repeats, readout="g_class_shift") == pytest.approx(shift, abs=1e-12)
    shares = found.class_shares
    assert list(shares.columns) == ["variant", "is_null", "seed", "class_name", "share"]
    assert shares["class_name"].tolist() == list(names)
    expected = [made.count(label) / len(made) for label in range(4)]
    assert shares["share"].tolist() == pytest.approx(expected, abs=1e-12)


def test_without_classes_their_shares_are_not_read_out() -> None:
    members = [_member(f"null_{k}", torch.arange(12.0)) for k in range(2)]
    found = _read(members, _evaluation(class_names=()))
    assert set(READOUTS) - set(found.repeats["readout"]) == {"g_class_shift", "d_contrast"}
    assert found.class_shares.empty
    assert "share" in found.class_shares


def test_class_shares_are_those_of_the_end() -> None:
    members = [_member("a", torch.zeros(12), share=share) for share in (0.25, 1.0)]
    found = _read(members)
    assert set(found.repeats["share"]) == {0.25, 1.0}
    assert len(found.class_shares) == 3
    assert found.class_shares["share"].sum() == pytest.approx(1)


# ---- the discriminator ----


def test_separation_agrees_with_scikit_learn() -> None:
    logits = torch.randn(60, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    repeats = _read([_member("a", logits)], _evaluation(30)).repeats
    expected = roc_auc_score([1] * 30 + [0] * 30, logits.numpy())
    assert _value(repeats, readout="d_separation") == pytest.approx(expected, abs=1e-12)
    assert 0.2 < expected < 0.8


def _signs(*flipped: int) -> torch.Tensor:
    """Six times 1, six times -1, and pairs of opposite places flipped."""
    signs = torch.cat([torch.ones(6), -torch.ones(6)])
    for place in flipped:
        signs[[place, place + 6]] *= -1
    return signs


def test_shift_worked_out_by_hand() -> None:
    """12 logits of +-1 with mean 0 have sd sqrt(12 / 11): two that differ in j of 12 places are
    2 sqrt(11 / 12) sqrt(j / 12) apart."""
    members = [
        _member("null_0", _signs()),
        _member("null_1", _signs(0)),  # 2 places from null_0
        _member("a", _signs(1, 2)),  # 4 places from null_0, 6 from null_1
    ]
    repeats = _read(members).repeats

    def apart(places: int) -> float:
        return float(2 * np.sqrt(11 / 12) * np.sqrt(places / 12))

    shifts = {name: _value(repeats, variant=name, readout="d_shift") for name in ("a", "null_0")}
    assert shifts["a"] == pytest.approx((apart(4) + apart(6)) / 2)
    assert shifts["null_0"] == pytest.approx(apart(2))  # not compared with itself


def test_shift_compares_with_nulls_of_the_same_seed_and_share() -> None:
    members = [
        *(_member("null_0", _signs(), seed, share) for seed in (0, 1) for share in (0.5, 1.0)),
        _member("a", _signs(0), 0, 0.5),
        _member("a", _signs(), 0, 1.0),
        _member("b", _signs(), 2, 1.0),
    ]
    shifts = _read(members).repeats.query("readout == 'd_shift'")
    # the only null of its seed and share has nothing to be compared with; nor has b
    assert shifts["variant"].tolist() == ["a", "a"]
    assert shifts["share"].tolist() == [0.5, 1.0]
    assert shifts["value"].tolist() == pytest.approx([2 * np.sqrt(11 / 12 / 6), 0])


def test_shift_does_not_see_a_change_of_scale() -> None:
    draw = torch.Generator().manual_seed(0)
    first, second, third = (torch.randn(12, generator=draw) for _ in range(3))
    shifts = [
        _value(
            _read(
                [_member("null_0", first), _member("null_1", second), _member("a", logits)]
            ).repeats,
            variant="a",
            readout="d_shift",
        )
        for logits in (third, 64 * third + 8)
    ]
    assert shifts[0] == pytest.approx(shifts[1], rel=1e-5)
    assert shifts[0] > 0.1


def test_a_discriminator_with_one_answer() -> None:
    members = [_member("null_0", _signs()), _member("a", torch.full((12,), 0.1))]
    repeats = _read(members).repeats
    assert _value(repeats, variant="a", readout="d_separation") == 0.5
    # its standardised logits are 0, those of the null +-sqrt(11 / 12)
    shift = _value(repeats, variant="a", readout="d_shift")
    assert shift == pytest.approx(np.sqrt(11 / 12))


# ---- GANs that diverged, and input that does not do ----


def _without_networks(name: str) -> Member:
    return Member(_recipe(name), 0, 1.0, None, None)


def _with_images_that_are_not_finite(name: str) -> Member:
    return _member(name, _signs(), generator=_Pictures(float("nan")))


def _with_logits_that_are_not_finite(name: str) -> Member:
    return _member(name, torch.full((12,), float("inf")))


@pytest.mark.parametrize(
    "diverged",
    [_without_networks, _with_images_that_are_not_finite, _with_logits_that_are_not_finite],
)
def test_a_diverged_member_is_named_and_left_out(diverged: Callable[[str], Member]) -> None:
    sound = [_member("null_0", _signs()), _member("null_1", _signs(0))]
    found = _read([sound[0], diverged("gone"), sound[1]])
    assert found.diverged.to_numpy().tolist() == [["gone", "gone", "remove", False, 0, 1.0]]
    pd.testing.assert_frame_equal(found.repeats, _read(sound).repeats)
    assert set(found.class_shares["variant"]) == {"null_0", "null_1"}


@pytest.mark.parametrize(("images", "latents", "what"), [(5, 8, "5 held-out"), (6, 5, "5 latents")])
def test_too_few_to_compare(images: int, latents: int, what: str) -> None:
    with pytest.raises(InputError, match=what):
        _evaluation(images, num_latents=latents)
