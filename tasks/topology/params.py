"""Section `topology`: images, and how much of clouds, maps and latent space is looked at."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Topology(Section):
    """Real and fake images, so many of each: as clouds, by their maps, and between latents."""

    name: ClassVar[str] = "topology"

    num_images: int = Field(1000, ge=10, le=100_000)
    num_points: int = Field(200, ge=40, le=2000)  # of a cloud
    num_permutations: int = Field(99, ge=9, le=100_000)
    num_subsamples: int = Field(8, ge=2, le=1000)
    num_maps: int = Field(64, ge=2, le=10_000)
    num_paths: int = Field(16, ge=1, le=10_000)
