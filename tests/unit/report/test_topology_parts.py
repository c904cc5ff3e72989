"""The parts of the page on maps and latents: what they say, and that their figures are drawn."""

import pytest
import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from torch import nn

from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.map_study import topology_of_maps
from ganatomy.report.sections.page_section import Block, Picture
from ganatomy.report.sections.topology_parts import (
    LATENTS,
    MAPS,
    facts_of_latents,
    facts_of_maps,
    figures_of_latents,
    figures_of_maps,
)

pytest.importorskip("gudhi", reason="needs the package gudhi")


class _Torn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(1, 1, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = self.last((z + 4 * (z[:, :1] > 0.3)).reshape(-1, 1, 5, 5))
        return images


def _critic() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 1), nn.Flatten(0))


def _subjects(*, generator: bool, discriminator: bool) -> Subjects:
    draw = torch.Generator().manual_seed(0)
    z, real = torch.randn(20, 25, generator=draw), torch.randn(20, 1, 5, 5, generator=draw)
    return Subjects.of(
        _Torn() if generator else None,
        _critic() if discriminator else None,
        z=z if generator else None,
        real=real if discriminator else None,
    )


def _rendered(block: Block, facts: dict[str, object], figures: list[str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(block.template.parent), undefined=StrictUndefined, autoescape=True
    )
    environment.filters |= {"number": lambda value: f"{value:.3g}", "percent": "{:.0%}".format}
    template = environment.get_template(block.template.name)
    return template.render(block=block, figures=figures, picture=lambda name: f"[{name}]", **facts)


@pytest.mark.parametrize(
    ("generator", "discriminator"), [(True, True), (True, False), (False, True)]
)
def test_both_parts_are_written_with_every_figure(generator: bool, discriminator: bool) -> None:
    subjects = _subjects(generator=generator, discriminator=discriminator)
    maps, latents = topology_of_maps(subjects, num_draws=99), topology_of_latents(subjects)
    pictures = {MAPS: figures_of_maps(maps), LATENTS: figures_of_latents(latents)}
    facts = {MAPS: facts_of_maps(maps), LATENTS: facts_of_latents(latents)}
    for block, own in pictures.items():
        text = _rendered(block, facts[block], list(own))
        for name, picture in own.items():
            assert isinstance(picture, Picture)
            assert picture.drawn().startswith(b"\x89PNG"), name
            assert f"[{name}]" in text
    assert ("maps_d" in pictures[MAPS]) == discriminator
    assert ("maps_g" in pictures[MAPS]) == ("tears" in pictures[LATENTS]) == generator
    if not generator:
        assert "there is no generator" in _rendered(LATENTS, facts[LATENTS], [])
    else:
        assert "G tears on" in _rendered(LATENTS, facts[LATENTS], [])
