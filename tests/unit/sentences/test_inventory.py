"""The inventory: what makes words from figures is read by some test, or stands here with why."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tests.unit.sentences import (
    made,
    test_of_concepts,
    test_of_data,
    test_of_explanations,
    test_of_importance,
    test_of_metrics,
    test_of_pages,
)

READERS = (
    *(test_of_concepts, test_of_data, test_of_explanations, test_of_importance),
    *(test_of_metrics, test_of_pages),
)
PACKAGES = ("data", "explain", "facade", "gan", "importance", "metrics", "report")
WORDS = ("str", "list[str]", "tuple[str, ...]", "Iterator[str]", "Finding]")
BY_HAND = ("explain.faithfulness.verdict.trust", "metrics.memorisation.judge_memorisation")
"""Makers that return more than words."""

NO_SENTENCES = {
    "a name": (
        *("importance.readouts.about_variant", "importance.readouts.plain_name"),
        *("importance.readouts.asked_variant", "importance.retraining.Training.name"),
        *("explain.maps.methods.cam_name", "explain.maps.which.WhichMap.key"),
        *("explain.maps.which.WhichMap.path", "explain.maps.which.WhichMap.title"),
        *("explain.maps.which.path_of", "explain.lime.latent_effects.LatentEffects.targets"),
        *("explain.faithfulness.result.FaithfulnessStudy.trusted",),
        *("gan.training_probe.TrainingProbe.name", "data.recipe.Recipe.folder"),
        *("data.features.recipes._Single.modes", "metrics.evaluator.digest_of"),
        *("data.card.content_hash", "report.sections.page_section.PageSection.title"),
        *("report.sections.page_section.PageSection.stage",),
        *("report.terms.term.Term.label", "report.terms.term.Term.anchor"),
        *("gan.adopt.reading._Keys.choice", "gan.adopt.reading._Keys.text"),
        *("gan.adopt.reading._Keys.dotted", "data.structure.common_folder"),
        *("gan.adopt.weights.fit",),
        *("explain.maps.missing.askable", "explain.networks.measures.measures_for"),
        *("explain.networks.named.usual_targets", "report.sections.gradcam_words.few"),
        *("report.sections.gradcam._MapsAndTrust.cases",),
        *("explain.directions.result.DirectionsStudy.concept_of",),
        *("data.features.learned.Judged.name", "data.features.learned.Judged.title"),
        *("data.features.recipes._Single.concept",),
        *("explain.directions.early_layers.weighted_layers",),
        *("explain.topology.latent_paths.classes",),
        *("explain.rules.measuring.Concepts.names", "explain.rules.rule.Rule.concepts"),
        *("explain.structure.graph.NetworkGraph.after", "explain.structure.graph.Part.block"),
        *("explain.structure.graph.NetworkGraph.before", "explain.rules.export.identifier"),
        *("explain.structure.batch.where_the_batch_matters", "explain.rules.terms.short"),
        *("explain.rules.class_probabilities.ClassProbabilities.names",),
        *("gan.adopt.origin.Origin.in_short", "facade.adopted_page.in_words"),
        *("facade.adopted_page._Work.left", "gan.described.packages_in"),
        *("metrics.discriminator.given.unasked", "metrics.discriminator.tables.Examined.kinds"),
        *("metrics.discriminator.health.DiscriminatorHealth.unasked",),
    ),
    "a text without figures, which a test of its own has": (
        *(
            "explain.maps.explanation_guards.guard_target",
            "data.features.feature.Described.meaning",
        ),
        *("explain.maps.explanation_guards.guard_maps", "report.left_out.why_left_out"),
        *("explain.maps.explanation_guards.guard_channels", "gan.networks.remedies.for_shape"),
        *("explain.maps.explanation_guards.guard_range", "gan.networks.remedies.for_error"),
        *("explain.lime.explanations.refused_beforehand", "data.formats.refusal_of"),
        *("explain.lime.explanations.refused_afterwards", "data.reading.reason_of"),
        *("report.sections.gradcam_words.asked", "explain.rules.export.as_json"),
        *("explain.rules.export.as_python", "explain.rules.export.as_text"),
        *("facade.checks.check_discriminator", "facade.checks.about_generated"),
        *("data.structure.notes_on_classes",),
        *(
            "explain.lime.missing.missing",
            "report.sections.faithfulness.colours",
        ),
        *("facade.adopted_parts.PagePart.reason_against",),
    ),
    "a word for a kind of map, a layer or a target": (
        *("report.sections.kinds.Kinds.layer", "report.sections.kinds.Kinds.name"),
        *("report.sections.kinds.Kinds.short", "report.sections.kinds.Kinds.short_layer"),
        *("report.sections.kinds.Kinds.stamp", "report.sections.kinds.kind_of"),
        *("report.sections.lime._LimeAndTrust.stamp", "report.sections.lime_words.stamped"),
        *("report.sections.faithfulness_words.of_d", "report.sections.gradcam_words.layers"),
        *("report.sections.faithfulness_words.refusal", "report.figures.labels.two_lines"),
    ),
    "read from maps and images, as the tests of their sections do": (
        *("report.sections.faithfulness_words.finding", "report.sections.gradcam_words.classes"),
        *("report.sections.faithfulness_words.where", "report.sections.gradcam_words.course"),
        *("report.sections.gradcam_words.unit", "report.sections.gradcam_words.units"),
        *("report.sections.gradcam_words.strongest",),
        *("report.sections.lime_words.fit", "report.sections.lime_words.latents"),
        *("report.sections.lime_words.regions",),
    ),
    "a piece of a page, or a word put in form": (
        *(
            "report.page.render_page",
            "report.model_card.model_card",
            "explain.lime.latent_effects.plain_target",
            "report.style.policy_for",
            "facade.gan_page.page_of",
        ),
        *("facade.comparison_page.comparison_page", "report.words.visible", "data.folder.shown"),
        *("report.glossary.label", "report.glossary.layer_name", "report.glossary.kind_name"),
        *("report.glossary.as_markdown", "report.style.style_of", "report.markup.with_heads"),
        *("report.verdict.clause.Clause.answer", "report.markup.with_terms"),
        *("report.markup.with_labels", "report.plain_words.plain_target"),
        *("report.plain_words.in_plain_words",),
        *("report.markup.with_labels",),
        *("report.beside.path_of",),
        *("report.environment.number", "report.environment.percent"),
        *("explain.rules.rule.number", "explain.rules.units.measured"),
        *("explain.rules.units.with_units",),
        *(
            "report.figures.importance_bars.certainty",
            "report.sections.discriminator.what_the_sign_means",
            "report.sections.discriminator.what_reals_are",
        ),
        *("report.figures.labels.shortened", "report.figures.labels.one_line"),
        *("report.figures.labels.wrapped", "report.figures.effect_table.signed"),
    ),
}


def _makers() -> Iterator[str]:
    """Every public function and method of the library that returns words."""
    for package in PACKAGES:
        path = importlib.import_module(f"ganatomy.{package}").__path__
        for found in pkgutil.walk_packages(path, f"ganatomy.{package}."):
            module = importlib.import_module(found.name)
            for name, each in vars(module).items():
                if getattr(each, "__module__", None) != module.__name__:
                    continue
                place = f"{module.__name__.removeprefix('ganatomy.')}.{name}"
                if inspect.isclass(each):
                    yield from (
                        f"{place}.{one}" for one, of in vars(each).items() if _tells(one, of)
                    )
                elif _tells(name, each):
                    yield place


def _tells(name: str, each: Any) -> bool:
    if isinstance(each, property):
        each = each.fget
    elif isinstance(each, cached_property):
        each = each.func
    each = getattr(each, "__func__", each)
    if name.startswith("_") or not inspect.isfunction(each) or "return" not in each.__annotations__:
        return False
    annotation = each.__annotations__["return"]
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return text.replace("collections.abc.", "") in WORDS or text.endswith("Finding]")


def test_whatever_makes_sentences_is_read() -> None:
    makers = {*_makers(), *BY_HAND}
    told = {name for names in NO_SENTENCES.values() for name in names}
    assert all(module.__name__ for module in READERS)  # their tests have said what they read
    parts = tuple(name for name in made.read if name.endswith("."))  # whole modules
    whole = {name for name in makers if name.startswith(parts)}
    new = makers - made.read - told - whole
    assert not new, f"read them in tests/unit/sentences, or say why not: {sorted(new)}"
    gone = ({name for name in made.read if not name.endswith(".")} | told) - makers
    assert not gone, f"no such maker any more: {sorted(gone)}"
    assert not made.read & told


def test_the_search_finds_what_there_is() -> None:
    """Functions, methods, properties and cached ones; no private ones."""
    makers = set(_makers())
    assert {"importance.detectable.in_words", "metrics.result.EvaluationStudy.verdict"} < makers
    assert "explain.faithfulness.agreement.Agreement.sentences" in makers
    assert not [name for name in makers if "._" in re.sub(r"\._[A-Z]\w+", "", name)]
