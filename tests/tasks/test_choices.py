"""One list for each choice, one value for each default: the library's are those of params.yaml."""

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from subprocess import run
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml

from flows.params import sections
from ganatomy.choices import Device
from ganatomy.data import choices as data
from ganatomy.data import sources, split
from ganatomy.data.features.feature import MODES
from ganatomy.data.features.recipes import recipes
from ganatomy.data.prepare import prepare
from ganatomy.data.reading import Limits
from ganatomy.data.recipe import GRID
from ganatomy.explain.directions.study import DirectionsSettings
from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.examination import examine
from ganatomy.explain.lime import designs
from ganatomy.explain.lime import settings as lime_choices
from ganatomy.explain.lime.stability import NUM_SEEDS
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.maps.choices import CamMethod
from ganatomy.explain.maps.formulas import FORMULAS, METHODS
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.rules.settings import RulesSettings
from ganatomy.explain.structure.study import describe_structure
from ganatomy.explain.topology.clouds import CloudSettings
from ganatomy.explain.topology.study import describe_topology
from ganatomy.facade.explain import explain
from ganatomy.gan import augment, losses, schedules, settings
from ganatomy.gan.ensemble import BACKENDS, LOOP, Packing
from ganatomy.gan.networks import construct, sizes
from ganatomy.gan.session import Monitoring
from ganatomy.gan.settings import RETRAINING, Method, TrainingSettings
from ganatomy.gan.study import train_watched
from ganatomy.importance.experiment import StudySize
from ganatomy.importance.screening_study import screen_features
from ganatomy.importance.study import drop_feature_importance, judge_members
from ganatomy.metrics.discriminator.study import examine_discriminator
from ganatomy.metrics.evaluator import train_evaluator
from ganatomy.metrics.study import evaluate
from ganatomy.report.verdict import gate

ROOT = Path(__file__).resolve().parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())

# What each field that is a choice may be: the type in the library, no list of the pipeline's own.
CHOICES: dict[str, Any] = {
    "base.device": Device,
    "fetch.source": data.Source,
    "fetch.classes": data.Classes,
    "prepare.channels": data.Channels,
    "prepare.duplicates": data.OnDuplicates,
    "prepare.fit": data.Fit,
    "prepare.window": data.WindowRule,
    "prepare.background": data.BackgroundRule,
    "gan.source": settings.Source,
    "gan.loss": settings.LossName,
    "gan.augment": settings.Augmentation,
    "gan.schedule": settings.Schedule,
    "gan.precision": settings.Precision,
    "train.publish": settings.Published,
    "variants.modes": data.Mode,
    "variants.after": data.After,
    "gradcam.after": data.After,
    "lime.after": data.After,
    "autotune.backend": Literal[settings.Backend, "auto"],
    "gradcam.methods": CamMethod,
    "lime.engine": lime_choices.Engine,
    "lime.segments": lime_choices.Segments,
    "lime.baseline": lime_choices.Baseline,
    "lime.design": lime_choices.Design,
    "gate.needed": gate.Question,
    "gate.training_blocking": gate.TrainingGuard,
    "gate.discriminator_blocking": gate.HealthRule,
}


def _choice(annotation: Any) -> tuple[Any, ...] | None:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    inner = [_choice(part) for part in get_args(annotation)]
    return next((found for found in inner if found is not None), None)


def test_every_choice_of_a_section_is_one_of_the_librarys() -> None:
    found = {
        f"{name}.{key}": choice
        for name, section in sections().items()
        for key, field in section.model_fields.items()
        if (choice := _choice(field.annotation)) is not None
    }
    assert found == {key: get_args(choice) for key, choice in CHOICES.items()}


@pytest.mark.parametrize(
    ("choice", "working"),
    [
        (data.Source, sources.SOURCES),
        (data.ImageSize, sizes._DOUBLINGS),
        (data.OnDuplicates, split.CHOICES),
        (data.Mode, MODES),
        (settings.LossName, losses.LOSSES),
        (settings.Augmentation, augment._CHANGES),
        (settings.Schedule, schedules.SCHEDULES),
        (settings.Backend, (LOOP, *BACKENDS)),
        (CamMethod, FORMULAS),
        (CamMethod, METHODS),
        (lime_choices.Engine, lime_choices.ENGINES),
        (lime_choices.Segments, lime_choices.SEGMENTS),
        (lime_choices.Baseline, lime_choices.BASELINES),
        (lime_choices.Design, designs._DRAWS),
    ],
    ids=lambda given: "-".join(map(str, get_args(given) or given)),
)
def test_what_can_be_chosen_is_what_works(choice: Any, working: Any) -> None:
    assert get_args(choice) == tuple(working)


def test_every_schedule_is_its_own() -> None:
    halfway = [
        schedules.learning_rate_factor(25, 100, name, warmup=0.0) for name in schedules.SCHEDULES
    ]
    assert len(set(halfway)) == len(schedules.SCHEDULES) == 3


def test_the_default_networks_are_among_those_known() -> None:
    assert Method().generator in construct._GENERATORS
    assert Method().discriminator in construct._DISCRIMINATORS


def _defaults(record: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    for name, parameter in inspect.signature(record).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            yield name, parameter.default


# A record or a call of the library, the section that fills it, and names that differ; "" where
# the library's default is to do without what needs the data's own words.
RECORDS: list[tuple[Callable[..., Any], str, dict[str, str]]] = [
    (Method, "gan", {}),
    (TrainingSettings, "train", {}),
    (Monitoring, "train", {"measure_every": "log_every_steps"}),
    (Packing, "autotune", {"size": "pack_size"}),
    (Limits, "prepare", {}),
    (prepare, "prepare", {}),
    (examine, "faithfulness", {}),
    (lime_choices.LimeSampling, "lime", {}),
    (lime_choices.Hiding, "lime", {}),
    (DirectionsSettings, "directions", {}),
    (RulesSettings, "rules", {}),
    (describe_structure, "structure", {}),
    (CloudSettings, "topology", {}),
    (describe_topology, "topology", {}),
    (explain_by_lime, "lime", {}),
    (explain_by_maps, "gradcam", {}),
    (explain, "gradcam", {}),
    (explain, "lime", {}),
    (Methods, "faithfulness", {"num_steps": "integration_steps"}),
    (Effort, "faithfulness", {}),
    (evaluate, "evaluate", {}),
    (examine_discriminator, "discriminator", {}),
    (train_evaluator, "evaluator", {}),
    (train_watched, "train", {"num_fakes": "probe_fakes", "num_last": "keep_last"}),
    (recipes, "variants", {}),
    (drop_feature_importance, "importance", {}),
    (drop_feature_importance, "variants", {}),
    (judge_members, "importance", {}),
    (screen_features, "screen", {}),
    (gate.Gate, "gate", {}),
]
# Names that stand for things of the data: the library knows none until it is given the data.
NAMED = ("targets", "concepts", "latent_targets")
# A whole study in one call is a smaller one than the pipeline's, and says so.
SMALLER = {"num_steps", "num_fakes", "evaluator_epochs"}


@pytest.mark.parametrize(
    ("record", "section", "names"),
    RECORDS,
    ids=[f"{record.__name__}-{section}" for record, section, _ in RECORDS],
)
def test_defaults_are_equal(
    record: Callable[..., Any], section: str, names: dict[str, str]
) -> None:
    pipeline = sections()[section]().model_dump()
    compared = 0
    for name, value in _defaults(record):
        key = names.get(name, name)
        if key not in pipeline or name in NAMED:
            continue
        if isinstance(value, tuple):
            value = list(value)
        value = "" if value is None else value  # no file
        assert value == pipeline[key], name
        assert PARAMS[section][key] == pipeline[key], name
        compared += 1
    assert compared


def test_the_section_gan_is_the_method() -> None:
    of_the_method = [field.name for field in fields(Method)]
    assert list(sections()["gan"].model_fields) == ["source", "adopt", *of_the_method]
    assert sections()["gan"]().method() == Method()  # type: ignore[attr-defined]
    assert sections()["train"]().settings(Method()) == TrainingSettings()  # type: ignore[attr-defined]


def test_the_section_gate_is_the_gate() -> None:
    assert sections()["gate"]().gate() == gate.Gate()  # type: ignore[attr-defined]


def test_a_retrained_gan_is_the_pipelines() -> None:
    assert sections()["retrain"]().settings(Method()) == RETRAINING  # type: ignore[attr-defined]
    size = asdict(StudySize())
    assert {name: PARAMS["retrain"][name] for name in ("width", "batch_size", "num_seeds")} == {
        name: size.pop(name) for name in ("width", "batch_size", "num_seeds")
    }
    assert PARAMS["variants"]["num_nulls"] == size.pop("num_nulls")
    assert set(size) == SMALLER


def test_numbers_that_are_constants_of_the_library() -> None:
    assert PARAMS["variants"]["grid"] == GRID
    assert PARAMS["lime"]["num_seeds"] == NUM_SEEDS


def test_params_yaml_is_the_default_run() -> None:
    assert {name: section().model_dump() for name, section in sections().items()} == PARAMS


def test_sections_need_no_torch() -> None:
    code = (
        "import sys; from flows.params import sections; sections(); print('torch' in sys.modules)"
    )
    done = run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
