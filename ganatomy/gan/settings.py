"""What a training run is told besides its images, its seed and its device. No torch here.

The defaults are those of the default run: whoever trains with them trains the same GAN.
"""

from dataclasses import dataclass, field
from typing import Literal

Source = Literal["train", "adopt"]  # where a GAN comes from
LossName = Literal["bce", "hinge", "wgan", "relativistic"]
Augmentation = Literal["translation", "cutout", "colour"]
Schedule = Literal["constant", "linear", "cosine"]
Precision = Literal["float32", "bfloat16"]
Published = Literal["best", "last"]
Stacking = Literal["grouped", "bmm"]  # how the layers of many networks become one call
Backend = Literal["loop", Stacking]


@dataclass(frozen=True, kw_only=True)
class Method:
    """The GAN method: how G and D are built and made to compete, in base and retrained GANs.

    Attributes
    ----------
    generator, discriminator : str
        ``dcgan``, ``resnet``, for D also ``dcgan-plain`` and ``dcgan-layernorm``, or the dotted
        path ``module:Class`` of the user's own.
    conditional : bool
        Give G and D the class of each image; needs labels.
    spectral_norm : bool
        Divide D's weights by their largest singular value.
    loss : `LossName`
    r1, r2, gradient_penalty : float
        Weights of the penalties on D's gradient at reals, at fakes, between them; 0 is without.
    penalty_every : int
        Steps between penalties, which are then so many times stronger (lazy regularisation).
    augment : tuple of `Augmentation`
        What both reals and fakes go through before D sees them (DiffAugment).
    n_dis : int
        Steps of D for each step of G.
    beta1, beta2 : float
        Adam's, of both networks.
    schedule : `Schedule`
        How the learning rate falls from its peak to zero at the end.
    warmup : float in [0, 1)
        Share of the steps over which the learning rate rises to its peak.
    precision : `Precision`
        Of the networks' arithmetic; weights and sums of gradients are float32 always.

    Examples
    --------
    >>> Method(loss="hinge", spectral_norm=True, r1=0.0).n_dis
    1
    """

    generator: str = "dcgan"
    discriminator: str = "dcgan-layernorm"
    conditional: bool = False
    spectral_norm: bool = False
    loss: LossName = "bce"
    r1: float = 0.3
    r2: float = 0.0
    gradient_penalty: float = 0.0
    penalty_every: int = 16
    augment: tuple[Augmentation, ...] = ()
    n_dis: int = 1
    beta1: float = 0.0
    beta2: float = 0.999
    schedule: Schedule = "linear"
    warmup: float = 0.0
    precision: Precision = "float32"

    @property
    def networks(self) -> tuple[str, str]:
        """The names of both networks."""
        return self.generator, self.discriminator


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """A method and the budget that is spent on it.

    Attributes
    ----------
    epochs : int
        Passes over the images, each in a new order; what is left of a batch at its end is dropped.
    batch_size : int
    latent_dim : int
        Length of a latent vector.
    width : int
        Channels of G's last and D's first hidden layer.
    learning_rate : float
        Adam's at its peak, of both networks.
    ema_decay : float in [0, 1)
        Reached gradually: step t uses min(ema_decay, (1 + t) / (10 + t)).
    method : Method

    Examples
    --------
    >>> TrainingSettings(batch_size=16, method=Method(n_dis=2)).images_per_step
    32
    """

    epochs: int = 60
    batch_size: int = 32
    latent_dim: int = 64
    width: int = 32
    learning_rate: float = 0.002
    ema_decay: float = 0.995
    method: Method = field(default_factory=Method)

    @property
    def images_per_step(self) -> int:
        """Number of real images shown to D for one step of G."""
        return self.batch_size * self.method.n_dis


# What a GAN is retrained with to learn which features of the data matter: less than the base GAN.
RETRAINING = TrainingSettings(epochs=6, width=16, ema_decay=0.99)
