"""Maps of a GAN of which a part is missing, put to the tests: what is left is judged as ever."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects

HEIGHT, WIDTH, CHANNELS = 12, 16, 5
QUICK = Effort(num_steps=3, num_perturbations=2, num_seeds=2)
METHODS = Methods(("hirescam",), LimeSampling(num_samples=64), Hiding(segment_side=4), num_steps=2)
OF_D = ["hirescam 0", "lime", "integrated gradients", "occlusion"]
torch.manual_seed(0)
G = nn.Sequential(
    nn.Linear(4, 4 * 6 * 8),
    nn.Unflatten(1, (4, 6, 8)),
    nn.Tanh(),
    nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
    nn.Tanh(),
    nn.Conv2d(6, CHANNELS, 3, padding=1),
    nn.Tanh(),
)
D = nn.Sequential(
    nn.Conv2d(CHANNELS, 6, 3, padding=1),
    nn.LeakyReLU(0.2),
    nn.Flatten(),
    nn.Linear(6 * HEIGHT * WIDTH, 1),
    nn.Flatten(0),
)
REALS, Z = torch.rand(5, CHANNELS, HEIGHT, WIDTH) * 2 - 1, torch.randn(6, 4)
FAKES = G(Z).detach()
_PARTS = {
    "real images alone": Subjects.of(None, D, real=REALS),
    "given fakes alone": Subjects.of(None, D, fake=FAKES),
    "both, given": Subjects.of(None, D, real=REALS, fake=FAKES),
    "a GAN without real images": Subjects.of(G, D, z=Z),
}


def _judge(subjects: Subjects) -> FaithfulnessStudy:
    return judge_explanations(subjects, METHODS, effort=QUICK)


@pytest.mark.parametrize("name", _PARTS)
def test_what_there_is_is_judged(name: str, tmp_path: Path) -> None:
    """Of images of five channels that are no squares."""
    subjects = _PARTS[name]
    found = _judge(subjects)
    of_g = [kind for kind in found.verdicts["method"] if " G " in kind]
    assert found.verdicts["method"].tolist() == [*OF_D, *of_g]
    assert bool(of_g) == subjects.has_generator == ("g" in found.randomised)
    total = len(subjects.real) + len(subjects.fake)
    assert all(len(found.maps[kind]) == total for kind in OF_D)
    assert found.hiding.asked_of == ("real" if len(subjects.real) else "generated")
    shown = found.shown
    assert shown is not None
    assert (len(shown.real), len(shown.fake)) == (
        min(3, len(subjects.real)),
        min(3, len(subjects.fake)),
    )
    assert list(shown.sizes) == (["D", "G"] if subjects.has_generator else ["D"])
    with torch.no_grad():
        torch.testing.assert_close(shown.scores, D(shown.images))
    found.save(tmp_path)
    again = FaithfulnessStudy.load(tmp_path)
    assert again.verdict() == found.verdict()
    assert again.hiding == found.hiding
    assert again.shown is not None
    assert torch.equal(again.shown.of_d(again.maps["lime"]), shown.of_d(found.maps["lime"]))


def test_a_discriminator_with_given_images_is_judged_as_within_its_gan() -> None:
    alone = _judge(_PARTS["both, given"])
    whole = _judge(Subjects.of(G, D, real=REALS, z=Z))
    own = whole.measures[whole.measures["method"].isin(OF_D)]
    pd.testing.assert_frame_equal(alone.measures, own.reset_index(drop=True))


def test_without_a_discriminator_it_says_why_nothing_is_judged() -> None:
    with pytest.raises(InputError, match="no discriminator was given"):
        _judge(Subjects.of(G, None, z=Z))


def test_without_real_images_regions_are_not_compared() -> None:
    train = Dataset(torch.randint(0, 255, (8, 1, 8, 8), dtype=torch.uint8), torch.zeros(8).long())
    ranking = pd.DataFrame(
        {"features": ["cell_0_0"], "mode": ["remove"], "g_size": [1.0], "d_size": [1.0]}
    )
    torch.manual_seed(0)
    head = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    images = torch.rand(4, 1, 8, 8) * 2 - 1
    methods = Methods((), LimeSampling(num_samples=64), Hiding(segment_side=2), num_steps=2)
    compared = {
        kind: judge_explanations(
            Subjects.of(None, head, **{kind: images}),
            methods,
            Vocabulary(train),
            ranking=ranking,
            effort=QUICK,
        ).regions
        for kind in ("real", "fake")
    }
    assert compared["fake"] is None
    assert compared["real"] is not None
