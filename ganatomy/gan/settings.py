"""What a training run is told besides its images, its seed and its device. No torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSettings:
    """Size of the networks and how they are optimised.

    Attributes
    ----------
    epochs : int
        Passes over the images, each in a new order; what is left of a batch at its end is dropped.
    batch_size : int
    latent_dim : int
        Length of a latent vector.
    width : int
        Channels of G's last and D's first hidden layer.
    learning_rate, beta1, beta2 : float
        Adam's, of both networks.
    ema_decay : float in [0, 1)
        Reached gradually: step t uses min(ema_decay, (1 + t) / (10 + t)).
    """

    epochs: int
    batch_size: int
    latent_dim: int
    width: int
    learning_rate: float
    beta1: float
    beta2: float
    ema_decay: float
