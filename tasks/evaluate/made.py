"""What is evaluated: real images, those of G, and D's logits of them all."""

from ganatomy.absent import is_there
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.gan.model import Gan
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.metrics.quality import Three


def made_and_judged(
    gan: Gan, train: Dataset, held_out: Dataset, *, count: int, seed: int
) -> tuple[Three, Three | None]:
    """Generate images, and ask D of all; None in the place of its logits where there is no D."""
    z = latents(count, gan.architecture, seed, "evaluate")
    images = Three(train.images, held_out.images, to_uint8(generate(gan.generator_ema, z)))
    if not is_there(gan.discriminator):
        return images, None
    return images, Three(*(score(gan.discriminator, part) for part in images))
