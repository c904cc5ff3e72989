"""What is evaluated: real images, those of G, and D's logits of them all."""

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.metrics.quality import Three
from tasks.shared.explained import is_adopted


def made_and_judged(
    gan: Gan, train: Dataset, held_out: Dataset, *, count: int, seed: int
) -> tuple[Three, Three | None]:
    """Generate images, and ask D of all.

    None in the place of its logits where there is no D, or one that was trained elsewhere: what it
    knows by heart are images that it was trained on, and nobody here knows which.
    """
    z = latents(count, gan.architecture, seed, "evaluate")
    images = Three(train.images, held_out.images, to_uint8(generate(gan.generator_ema, z)))
    if is_adopted(gan):
        return images, None
    return images, Three(*(score(gan.discriminator, part) for part in images))
