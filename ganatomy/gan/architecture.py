"""What identifies a pair of networks: enough to build them again. No torch here."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """Names and sizes of a generator and a discriminator.

    Attributes
    ----------
    image_size : int
        Side of the square images, in pixels.
    channels : int in {1, 3}
    latent_dim : int
        Length of the random part of a latent vector.
    width : int
        Channels of G's last and D's first hidden layer.
    generator, discriminator : str
        ``dcgan``, ``resnet``, for D also ``dcgan-plain`` and ``dcgan-layernorm``, or the dotted
        path ``module:Class`` of the user's own.
    num_classes : int
        0: unconditional. Else latents end in a one-hot class, and D may be told the class.
    spectral_norm : bool
        Whether D's weights are divided by their largest singular value (Miyato et al. 2018,
        arXiv 1802.05957).
    """

    image_size: int
    channels: int
    latent_dim: int
    width: int
    generator: str = "dcgan"
    discriminator: str = "dcgan-layernorm"
    num_classes: int = 0
    spectral_norm: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`."""
        return asdict(self)

    @staticmethod
    def from_json(values: Any) -> "Architecture":
        """Build it from plain values.

        Raises
        ------
        TypeError
            Not a mapping, or a key is missing, unknown or of another type.
        """
        if not isinstance(values, dict):
            raise TypeError(f"expected a mapping, got {type(values).__name__}")
        architecture = Architecture(**values)
        for field in fields(Architecture):
            value = getattr(architecture, field.name)
            if type(value).__name__ != field.type and type(value) is not field.type:
                raise TypeError(f"{field.name} = {value!r}")
        return architecture
