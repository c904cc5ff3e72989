"""GANatomy: train a GAN, take it apart, and say how far each explanation can be trusted.

The library takes and returns tensors. It never imports an orchestrator, a tracker or a
configuration file; `tasks/` feeds it from artifacts and `flows/` decides when.

``dir(ganatomy)`` lists what is public. A name is read from its module when it is asked for, so
``import ganatomy`` is instant; `__init__.pyi` beside this file says which module has it.
Few packages hand names on (`gan.ensemble`, `gan.networks`, `data.features`, whose parts are used
together): a stage depends on the files that it imports, and a package face that imported everything
would make every stage depend on everything.

Examples
--------
A GAN, trained, explained, and asked how far the explanation can be trusted:

>>> import torch
>>> import ganatomy
>>> images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8)
>>> settings = ganatomy.TrainingSettings(epochs=1, batch_size=16, latent_dim=8, width=4)
>>> gan = ganatomy.train_gan(images, settings, seed=0)
>>> fakes = ganatomy.generate(gan.generator_ema, ganatomy.latents(4, gan.architecture, 0))
>>> tuple(fakes.shape)
(4, 1, 28, 28)
>>> found = ganatomy.explain(gan.discriminator, fakes, num_samples=200)
>>> found
<Explanation of 4 images: show(), trust(), save("page.html"), of_d.maps>
>>> len(found.trust().table)
5

The same piece by piece:

>>> target = ganatomy.d_logit(gan.discriminator)
>>> last = ganatomy.layers_of(gan.discriminator, fakes).last
>>> tuple(ganatomy.gradcam(target, [last], fakes, size=(28, 28)).maps["gradcam"][last].shape)
(4, 28, 28)
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = f"{__name__}.public"  # put together, so that no stage depends on what else is public


def __getattr__(name: str) -> Any:
    return import_module(_PUBLIC).find(name)


def __dir__() -> list[str]:
    kept = (name for name in globals() if name.startswith("__"))
    return sorted([*kept, *import_module(_PUBLIC).names()])
