"""The studies of a page about an adopted GAN: one entry for each, with what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ganatomy.data.images import to_uint8
from ganatomy.explain.craft.result import FOLDER as CONCEPTS
from ganatomy.explain.craft.study import find_discriminator_concepts
from ganatomy.explain.directions.learned import learned_measures, learned_targets
from ganatomy.explain.directions.readable import learn_features
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.result import LimeStudy
from ganatomy.explain.lime.settings import DEFAULT_HIDING, LimeSampling
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.networks.measures import Measure
from ganatomy.explain.networks.named import usual_targets
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target
from ganatomy.explain.rules.concept import Reader
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.explain.rules.study import explain_by_rules
from ganatomy.explain.structure.study import describe_structure
from ganatomy.explain.topology.study import describe_topology
from ganatomy.facade.adopted_given import Given
from ganatomy.gan.adopt.contract import examine_contract
from ganatomy.gan.adopt.feeds import REMEDIES, feeds_of
from ganatomy.gan.adopt.port import Network
from ganatomy.gan.sampling import generate
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.metrics.discriminator.study import FEWEST, examine_discriminator
from ganatomy.metrics.given import evaluate_given
from ganatomy.metrics.random_features import RandomFeatures
from ganatomy.metrics.samples import look_at_samples
from ganatomy.results import Result

Done = Mapping[str, Result]
"""The results of the parts before, by their names."""

_SAMPLES = 256  # of LIME, for each image
_EFFORT = Effort(num_steps=7, num_perturbations=5, num_seeds=2)
_SEEDS = 2  # draws of samples between which LIME is compared
_LATENTS, _QUICK_LATENTS = 512, 128  # that directions are found by
_NEAREST_OF = 500  # real images to the nearest of which distances are measured
_RULED = 500  # images of each kind that rules are about: of 150 hardly a rule is found, of D or G
_READ = 400  # latents by which learned directions are read from images
_RULES = RulesSettings(num_changed=60)
_QUICK_RULES = RulesSettings(num_draws=2, least_images=20, num_changed=20)
_SAMPLED, _QUICK_SAMPLED = 500, 100  # images of G that are looked at
_ASKED, _QUICK_ASKED = 300, 100  # images of a kind that D is asked about
_ABLATED, _QUICK_ABLATED = 32, 8  # images that every unit is tried on
_UNITS, _QUICK_UNITS = 256, 64
_WEIGHED, _QUICK_WEIGHED = 8, 4  # latents whose coordinates are weighed
_IN_CLOUDS, _PATHS = 200, 8  # images of a kind, and ways between latents
_READ_BY_LIME = ("brightness", "contrast")
_MISSING = {
    "generator": "no generator was given",
    "discriminator": "no discriminator was given",
    "images": "no real images were given (--images)",
    "fakes": "there are no generated images (--fakes)",
}


@dataclass(frozen=True)
class PagePart:
    """One study of the page.

    Parameters
    ----------
    name : str
        Of its section.
    does : str
        What is done, for whoever waits.
    needs : tuple of str
        Keys of ``Given.has``.
    seconds : float
        Of a DCGAN of 64 px on two cores: what is left is told by it.
    run : callable
    is_early : bool
        It belongs to the first version of the page.
    is_quick : bool
        It is not left out by ``--quick``.
    folder : str
        Where its section looks for its result; that of its name by default.
    """

    name: str
    does: str
    needs: tuple[str, ...]
    seconds: float
    run: Callable[[Given, Done], Result]
    is_early: bool = False
    is_quick: bool = True
    folder: str = ""

    def reason_against(self, given: Given) -> str:
        """Say why it cannot be, "" where it can."""
        missing = [_MISSING[name] for name in self.needs if not given.has[name]]
        if missing:
            return " and ".join(missing)
        return "`--quick` leaves it out" if given.is_quick and not self.is_quick else ""


def _contract(given: Given, done: Done) -> Result:
    return examine_contract(given.adopted, given.reals, seed=given.seed)


def _samples(given: Given, done: Done) -> Result:
    count = _QUICK_SAMPLED if given.is_quick else _SAMPLED
    z = given.adopted.latents(count, given.seed, "samples")
    return look_at_samples(generate(given.subjects.generator, z).cpu())


def _health(given: Given, done: Done) -> Result:
    spec, network = given.adopted.port.discriminator, given.adopted.discriminator
    assert spec is not None
    assert network is not None
    reals, fakes = _of_bytes(given.reals), _of_bytes(given.many_fakes)
    return examine_discriminator(
        network,
        held_out=reals,
        fakes=fakes,
        explained=given.subjects.discriminator,
        num_reference=given.num_reference,
        has_level=_has_level(spec),
        has_sigmoid=spec.probability or spec.loss == "bce",
        feeds=feeds_of(spec.images, given.subjects.real.shape[1]),
        remedies=REMEDIES,
        num_images=_QUICK_ASKED if given.is_quick else _ASKED,
        seed=given.seed,
    )


def _has_level(spec: Network) -> bool:
    """Say whether 0 is the boundary between real and fake for a discriminator."""
    return spec.probability or (bool(spec.loss) and logits_have_level(spec.loss))


def _of_bytes(images: torch.Tensor | None) -> torch.Tensor | None:
    """Images as the study takes them; none where there are too few."""
    return None if images is None or len(images) < FEWEST else to_uint8(images)


def _quality(given: Given, done: Done) -> Result:
    assert given.reals is not None
    assert given.many_fakes is not None
    reals, fakes = to_uint8(given.reals), to_uint8(given.many_fakes)
    return evaluate_given(reals, fakes, seed=given.seed)


def _directions(given: Given, done: Done) -> Result:
    count = _QUICK_LATENTS if given.is_quick else _LATENTS
    subjects, least = given.subjects, 2 * given.subjects.latent_dim
    return find_directions(
        subjects.generator,
        given.adopted.latents(max(count, least), given.seed, "directions"),
        num_classes=subjects.num_classes,
        discriminator=subjects.discriminator if given.has["discriminator"] else None,
        real=None if given.reals is None else given.reals[:_NEAREST_OF],
        evaluator=RandomFeatures(subjects.fake.shape[1]),
        features="random features",
        settings=DirectionsSettings(num_draws=0 if given.is_quick else 1),
        seed=given.seed,
        on_warning=given.warn,
    )


def _concepts(given: Given, done: Done) -> Result:
    return find_discriminator_concepts(given.subjects, seed=given.seed)


def _structure(given: Given, done: Done) -> Result:
    return describe_structure(given.subjects, on_warning=given.warn)


def _many(given: Given, count: int, purpose: str) -> Subjects:
    """Take the networks with more images of each kind than maps are made of."""
    subjects, fakes = given.subjects, given.many_fakes
    has_g = subjects.has_generator
    return Subjects.of(
        subjects.generator,
        subjects.discriminator,
        real=None if given.reals is None else given.reals[:count],
        z=given.adopted.latents(count, given.seed, purpose) if has_g else None,
        fake=None if has_g or fakes is None else fakes[:count],
        num_classes=subjects.num_classes,
    )


def _topology(given: Given, done: Done) -> Result:
    return describe_topology(
        _many(given, _IN_CLOUDS, "topology"), num_paths=_PATHS, seed=given.seed
    )


def _rules(given: Given, done: Done) -> Result:
    found, spec = done.get("directions"), given.adopted.port.discriminator
    return explain_by_rules(
        _many(given, _RULED, "rules"),
        learned=_readers(given, done),
        directions=found.directions if isinstance(found, DirectionsStudy) else None,
        boundary_at_0=spec is not None and _has_level(spec),
        settings=_QUICK_RULES if given.is_quick else _RULES,
        seed=given.seed,
        on_warning=given.warn,
    )


def _readers(given: Given, done: Done) -> dict[str, Reader]:
    """Read learned directions from images, as concepts that D may decide by."""
    found = done.get("directions")
    if given.is_quick or not isinstance(found, DirectionsStudy) or not given.has["discriminator"]:
        return {}
    z = given.adopted.latents(_READ, given.seed, "learned")
    return learn_features(found, given.subjects.generator, z).readers()


def _learned(given: Given, done: Done) -> dict[str, Target]:
    """Directions that G was found to vary, as targets of their own."""
    found = done.get("directions")
    if not isinstance(found, DirectionsStudy):
        return {}
    return learned_targets(found, given.subjects.generator)


def _readings(done: Done) -> dict[str, Measure]:
    """Read those directions from images: what units of G may carry."""
    found = done.get("directions")
    return learned_measures(found) if isinstance(found, DirectionsStudy) else {}


def _targets(given: Given) -> tuple[str, ...]:
    """Targets of G beside D's logit: those that need nothing but its images."""
    return usual_targets(given.subjects.fake.shape[1]) if given.has["generator"] else ()


def _maps(given: Given, done: Done) -> Result:
    return explain_by_maps(
        given.subjects,
        targets=_targets(given),
        further=_learned(given, done),
        carried=_readings(done),
        num_ablated=_QUICK_ABLATED if given.is_quick else _ABLATED,
        num_units=_QUICK_UNITS if given.is_quick else _UNITS,
        seed=given.seed,
        on_warning=given.warn,
    )


def _lime(given: Given, done: Done) -> Result:
    return explain_by_lime(
        given.few,
        sampling=LimeSampling(num_samples=_SAMPLES),
        num_seeds=_SEEDS,
        latent_targets=("d_logit",) if given.has["discriminator"] else _READ_BY_LIME,
        num_latents=_QUICK_WEIGHED if given.is_quick else _WEIGHED,
        seed=given.seed,
        on_warning=given.warn,
    )


def _faithfulness(given: Given, done: Done) -> Result:
    lime = done.get("lime")
    hiding = lime.hiding if isinstance(lime, LimeStudy) else DEFAULT_HIDING
    methods = Methods(
        DEFAULT_CAMS, LimeSampling(num_samples=_SAMPLES), hiding, on_warning=given.warn
    )
    return judge_explanations(given.few, methods, effort=_EFFORT, seed=given.seed)


PARTS: tuple[PagePart, ...] = (
    PagePart("contract", "whose GAN it is, and what it does", (), 1, _contract, is_early=True),
    PagePart("samples", "what G makes", ("generator",), 2, _samples, is_early=True),
    PagePart("structure", "how G and D are built", (), 5, _structure),
    PagePart("directions", "directions of the latents", ("generator",), 20, _directions),
    PagePart(
        "concepts",
        "concepts of D",
        ("discriminator",),
        10,
        _concepts,
        is_quick=False,
        folder=CONCEPTS,
    ),
    PagePart("rules", "rules of what D and G do", (), 30, _rules),
    PagePart("topology", "the shape of what G makes", (), 15, _topology, is_quick=False),
    PagePart("evaluate", "quality beside the images", ("images", "fakes"), 20, _quality),
    PagePart("discriminator", "whether D means what it says", ("discriminator",), 25, _health),
    PagePart("gradcam", "maps, units and regions", (), 45, _maps),
    PagePart("lime", "LIME", (), 35, _lime),
    PagePart(
        "faithfulness", "tests of the maps", ("discriminator",), 90, _faithfulness, is_quick=False
    ),
)
