"""What identifies a pair of networks: enough to build them again. No torch here."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """Names and sizes of a generator and a discriminator.

    Attributes
    ----------
    image_size : int
        Side of the square images, in pixels; their width where they are not square.
    channels : int
        1 or 3; as many as an adopted GAN's images have.
    latent_dim : int
        Length of the random part of a latent vector.
    width : int
        Channels of G's last and D's first hidden layer.
    generator, discriminator : str
        ``dcgan``, ``resnet``, for D also ``dcgan-plain`` and ``dcgan-layernorm``, or the dotted
        path ``module:Class`` of the user's own. Of an adopted GAN that path or the file of the
        program; "" for a network that is not there.
    num_classes : int
        0: unconditional. Else latents end in a one-hot class, and D may be told the class.
    spectral_norm : bool
        Whether D's weights are divided by their largest singular value (Miyato et al. 2018,
        arXiv 1802.05957).
    height : int
        Of images that are not square, which only an adopted GAN has; else 0.
    """

    image_size: int
    channels: int
    latent_dim: int
    width: int
    generator: str = "dcgan"
    discriminator: str = "dcgan-layernorm"
    num_classes: int = 0
    spectral_norm: bool = False
    height: int = 0

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images.

        Examples
        --------
        >>> Architecture(image_size=28, channels=1, latent_dim=8, width=4).image_shape
        (1, 28, 28)
        """
        return self.channels, self.height or self.image_size, self.image_size

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`; a height only where it is not the width."""
        values = asdict(self)
        return values if self.height else {k: v for k, v in values.items() if k != "height"}

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
