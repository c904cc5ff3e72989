"""Which map is meant: by which method, of which network, at which layer."""

from dataclasses import dataclass

from ganatomy.explain.maps.methods import cam_name

_WITHIN = {"D": "", "G": "generator."}  # of G's layers in the chain z -> G -> D


@dataclass(frozen=True)
class WhichMap:
    """Method, network and layer of one kind of map.

    Attributes
    ----------
    method : str
        Of `gradcam.METHODS`.
    network : str
        ``D`` or ``G``.
    layer : str
        The layer's name in its own network.
    """

    method: str
    network: str
    layer: str

    @property
    def path(self) -> str:
        """The layer's name in the network that the target runs through; see `path_of`."""
        return path_of(self.network, self.layer)

    @property
    def key(self) -> str:
        """Its name in files and tables.

        Examples
        --------
        >>> WhichMap("gradcam", "G", "layers.0").key
        'gradcam generator.layers.0'
        """
        return cam_name(self.method, self.path)

    @property
    def title(self) -> str:
        """Its name above or beside a picture: the layer, then the method."""
        return f"{self.layer}\n{self.method}"

    @staticmethod
    def of_key(key: str, network: str) -> "WhichMap":
        """Read what `key` says of a map of this network."""
        method, _, path = key.partition(" ")
        return WhichMap(method, network, path.removeprefix(_WITHIN[network]))


def path_of(network: str, layer: str) -> str:
    """Name a layer of D, or of G in the chain z -> G -> D, as hooks find it there.

    Examples
    --------
    >>> path_of("D", "layers.0"), path_of("G", "layers.0")
    ('layers.0', 'generator.layers.0')
    """
    return _WITHIN[network] + layer
