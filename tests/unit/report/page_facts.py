"""A small set of facts and pictures for the page; the pictures are texts of their names."""

from typing import Any

from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part
from ganatomy.report.sections.page_section import Picture, all_sections
from tests.pages import unexplained

FIGURES = {
    "evaluate": ("samples", "fidelity", "fidelity_inception", "suspects", "classes"),
    "discriminator": ("logits",),
    "importance": ("importance", "regions", "without", "power", "noise", "interactions", "effects"),
    "variants": ("blur",),
    "structure": ("layers",),
    "topology": ("cloud_0", "maps_d", "ways", "tears", "ways_images", "modes"),
    "directions": ("direction_01",),
    "concepts": ("concept_01",),
    "rules": ("examples_real", "curves_d", "curves_g", "formula"),
    "samples": ("alike",),
    "faithfulness": (
        *("looks", "within_g", "failing"),
        *("agreement", "controls", "removal", "randomisation"),
    ),
    "gradcam": (
        *("d_maps", "g_maps", "classes", "film", "units"),
        *("g_targets", "disagreement", "causal", "dissection"),
    ),
    "lime": ("d_maps", "g_regions", "classes", "r2", "latents"),
    "train": ("curves", "stills", "film"),
    "prepare": ("contact_sheet", "balance"),
}
FACTS = {
    "contract": ("contract",),
    "samples": ("samples",),
    "evaluate": ("quality", "memorisation", "generalisation", "classes", "evaluator"),
    "discriminator": ("health",),
    "importance": ("importance",),
    "structure": ("structure",),
    "topology": ("topology", "map_topology", "latent_topology"),
    "variants": ("variants",),
    "concepts": ("made_of",),
    "directions": ("directions",),
    "rules": ("rules",),
    "faithfulness": ("faithfulness", "looks", "refusals"),
    "gradcam": ("gradcam", "concepts"),
    "lime": ("lime",),
    "train": ("train", "settings", "guards"),
    "prepare": ("data", "quarantine"),
}
FILMS = (("train", "film"), ("gradcam", "film"))
WHERE_THERE_ARE_ANY = (
    *(
        ("topology", name)
        for name in ("cloud_0", "maps_d", "ways", "tears", "ways_images", "modes")
    ),
    ("structure", "layers"),
    ("directions", "direction_01"),
    ("concepts", "concept_01"),
    *(("rules", name) for name in ("examples_real", "curves_d", "curves_g", "formula")),
    ("samples", "alike"),
    ("importance", "regions"),
    ("importance", "without"),
    ("importance", "interactions"),
    ("importance", "noise"),
    *(("gradcam", name) for name in ("g_targets", "disagreement", "causal", "dissection")),
    *(("gradcam", name) for name in ("film", "d_maps", "g_maps", "units", "classes")),
    *(("faithfulness", name) for name in ("looks", "within_g", "failing")),
    ("lime", "latents"),
    ("lime", "g_regions"),
    ("faithfulness", "agreement"),
    ("train", "stills"),
    ("train", "film"),
    ("prepare", "balance"),
)
Pictures = dict[tuple[str, str], bytes]
PICTURES: Pictures = {
    (stage, name): f"{'GIF89a' if name == 'film' else 'png'} of {stage} {name}".encode()
    for stage, names in FIGURES.items()
    for name in names
}


def render(given: dict[str, Any], pictures: Pictures) -> str:
    """The page of the facts without what explains its words, for tests that look for texts."""
    return unexplained(render_whole(given, pictures))


def render_whole(given: dict[str, Any], pictures: Pictures) -> str:
    """The page of the facts, each given to the section that tells it."""
    return render_page(frame_of(given), parts_of(given, pictures))


def frame_of(given: dict[str, Any]) -> PageFrame:
    """What stands around the sections."""
    return PageFrame(
        given["title"],
        [f"seed {given['params']['base']['seed']}", given["environment"]["device"]],
        given["params"],
        given["provenance"],
        given["artifacts"],
        given["environment"]["packages"],
    )


def parts_of(given: dict[str, Any], pictures: Pictures) -> list[Part]:
    """Each section with those of the facts and pictures that are its own."""
    return [
        Part(
            section,
            {name: given[name] for name in FACTS[section.name] if name in given},
            {name: content for (of, name), content in pictures.items() if of == section.name},
            given["alarms"] if section.name == "evaluate" else [],
            [],
            [given["data"]["origin"]] if section.name == "prepare" and "data" in given else [],
            pictures={
                name: Picture(content, f"What {name} shows", f"About {name}.")
                for (of, name), content in pictures.items()
                if of == section.name
            },
        )
        for section in all_sections()
    ]


def _card(network: str) -> dict[str, Any]:
    return {
        "figure": "examples_real" if network == "D" else "",
        "question": f"What of {network}?",
        "sentence": "when what",
        "evidence": "how often",
        "reason": "",
        "stamp": "causes",
        "meaning": "what that means",
        "look": "out",
        "changes": [{"condition": "a > 1", "words": "what became of it"}],
        "candidates": [],
        "regions": ["how many of each"],
        "exports": [{"words": "what it is", "text": "the rule itself"}],
    }


def _drawn(title: str) -> dict[str, Any]:
    box = {
        "x": 1,
        "y": 2,
        "title": "a layer",
        "line": "its size",
        "note": "its numbers",
        "used": 0.4,
    }
    return {
        "title": title,
        "width": 240,
        "height": 90,
        "box": (236, 44),
        "boxes": [box | dict.fromkeys(("is_block", "has_batch", "is_wrong"), True)],
        "lines": [{"path": "M0 0L1 1", "is_skip": True}],
        "left_out": 3,
    }


def _row(**cells: Any) -> dict[str, Any]:
    ends = dict.fromkeys(("low", "high", "floor_low", "floor_high", "regions", "holes"), 0.5)
    return {**ends, "stands_out": True, **cells}


def _part(vitals: dict[str, Any] | None) -> dict[str, Any]:
    rest = ("num_dead", "num_duplicates", "sparsity", "cam", "gradient", "gain")
    rest += ("norm_ratio", "moved")
    return {
        "name": "layers.0",
        "kind": "Conv2d",
        "shape": "32 × 14 × 14",
        "parameters": 544,
        "macs": 100352,
        "reach": (4, 4),
        "vitals": vitals and dict.fromkeys(rest, 0.5) | vitals,
    }


SIDES = {"before": "a 3", "after": "a 5"}


def facts() -> dict[str, Any]:
    """All that the sections and the frame need to be told."""
    split = {
        "num_images": 4000,
        "image_size": 28,
        "channels": 1,
        "channel_mean": [33.3],
        "channel_std": [78.5],
        "sha256": "0a" * 32,
        "class_counts": {"zero": 2000, "one": 2000},
    }
    effect = {"stands_out": True, "effect": 0.5, "low": 0.4, "high": 0.6}
    row = {
        "rank": 1,
        "variant": "blur",
        "meaning": "all is blurred",
        "name": "fine detail",
        "changed": "by 7.5 of 255",
        "amounts": {
            "g": ("+60 %", "+50 to +70 %", "by random features"),
            "d": ("+0.05 spreads", "+0.01 to +0.09", "in its preference"),
        },
        "judgement": "matters to G",
        "matters": True,
        "g_abs_t": 12.3,
        "g_q": 0.021,
        "g_matters": True,
        "d_abs_t": 1.7,
        "d_q": 0.4,
        "d_matters": False,
        "g_p_permuted": 0.002,
        "d_p_permuted": None,
        "effects": {"g_fcd": effect, "d_shift": None},
        "reliance": [{**effect, "value": 0.3}, None],
    }
    coefficient = {**effect, "feature": "blur", "readout": "g_fcd", "coefficient": 0.25}
    dropped = {"variant": "cell_0_0", "rung": 1, "score": 0.9, "reason": "dropped: like a null"}
    measured = {"value": 0.52, "low": 0.41, "high": 0.63}
    divergence = {**measured, "floor": 0.01, "floor_high": 0.02}
    metric = {**measured, "floor": 0.7, "floor_low": 0.6, "floor_high": 0.8}
    row_of_quality = {**metric, "meaning": "a question", "words": "an answer"}
    cell = {"value": "+0.52", "interval": "+0.41 to +0.63"}
    evidence = {**measured, "space": "pixels", "bad": False, "words": "what it says"}
    return {
        "title": "A title",
        "data": {
            "origin": "somewhere",
            "train": split,
            "test": {**split, "num_images": 1000},
            "num_quarantined": 1,
            "finding": "what the data are",
            "balance": "how the classes are shared out",
            "said_of_values": ["what was done to the pixels"],
            "others": {"csv": 1234, "hidden": 2},
            "duplicates": {
                "choice": "keep",
                "num_groups": 3,
                "num_equal": 2,
                "num_near": 4,
                "num_labelled_apart": 1,
                "num_dropped": 0,
                "num_held_out_in_training": 5,
            },
        },
        "quarantine": [{"file": "a.png", "reason": "empty file"}],
        "params": {
            "base": {"seed": 0},
            "importance": {"fdr": 0.25},
            "train": {"num_remembered": 8},
        },
        "environment": {"device": "cpu", "packages": {"torch": "2"}},
        "alarms": ["an alarm"],
        "contract": {
            "finding": "what its images are",
            "is_in_order": False,
            "findings": ["something odd"],
            "networks": [{"name": "G", "rows": {"weights": "g.pt"}}],
            "told": ["how it answers"],
            "notes": ["a note on weights"],
        },
        "samples": {"verdict": "what G makes", "is_collapsed": True, "rule": "by which rule"},
        "directions": {
            "finding": "what G varies",
            "method": "how it was found",
            "rows": [],
            "methods": [],
            "num_latents": 32,
            "judged": [
                {
                    "direction": 1,
                    **dict.fromkeys(("logit", "away", "monotony", "purity", "overlap"), cell),
                    "is_clear": True,
                    "overlaps_with": 2,
                    "again": "0.93",
                    "by_others": "0.81",
                }
            ],
            "features": "some features",
            "purity_of_random": "0.31",
            "by_chance": "0.18",
            "left_out": ["what is not known"],
            "classes": [{"name": "a class", "cells": [cell | {"differs": True, "cosine": "0.7"}]}],
        },
        "made_of": {
            "verdict": "what D is made of",
            "layer": "layers.2",
            "num_images": 120,
            "rows": [
                {
                    "concept": 1,
                    "stands_out": True,
                    "share": "41 %",
                    "effect": -0.41,
                    "interval": "-0.52 to -0.30",
                    "of_random": 0.13,
                    "stability": 0.98,
                    **dict.fromkeys(("real", "fake"), "1.01"),
                }
            ],
        },
        "structure": {
            "verdict": "how it is built",
            "num_images": 64,
            "networks": [
                {
                    "name": "D",
                    "words": "the network",
                    "reach": "what a place sees",
                    "why_untraced": "a reason",
                    "unplaced": 3,
                    "drawings": [_drawn(""), _drawn("a block")],
                    "rows": [_part({"rank": 2.0, "num_units": 4}), _part(None)],
                    "has_first": True,
                }
            ],
        },
        "topology": {
            "verdict": "which shape it has",
            "gap": 1.6,
            "void_from": 1.4,
            "clouds": [
                {
                    "space": "a space",
                    "num_points": 200,
                    "num_dimensions": 20,
                    "share": "99 %",
                    "figure": "cloud_0",
                    "counts": [_row(kind="real", what="groups", count=1, agree=0.9)],
                    "ways": [_row(way="made", part="loops", divergence=3.1, floor=2.0, p=0.03)],
                    "classes": [_row(name="a class", num_images=40, made=1.5, left_out=0.5, q=0.2)],
                    "course": [_row(step=5, made=1.5, left_out=0.5)],
                }
            ],
            "left_out": {"what": "why not"},
        },
        "map_topology": {
            "sentences": ["what layers see"],
            "layers": [_row(network="D", layer="l", kind="real", num_images=8, height=7, width=7)],
            "compared": [_row(layer="l", what="holes", real=1.0, fake=2.0, difference=1.0, q=0.01)],
            "persistent": "20 %",
            "left_out": {"what of maps": "why not"},
        },
        "latent_topology": {
            "sentences": ["whether it tears"],
            "tears": [_row(path=1, t="0.5000", of_distance=0.4, size=2.0, beside=0.1) | SIDES],
            "num_steps": 32,
            "space": "the space",
            "parts": "1,024",
            "left_out": {"what of latents": "why not"},
        },
        "rules": {
            "finding_of_d": "by which rules D decides",
            "finding_of_g": "what G makes",
            "cards": {"D": [_card("D")], "G": [_card("G")]},
            "sum": "a sum",
            "coverage": [],
            "shifts": [],
            "forced": [],
            "concepts": [],
            "without": ["what is not measured"],
            "left_out": ["what is not asked"],
        },
        "quality": {
            "finding": "what is found of quality",
            "rows": [{**row_of_quality, "label": "a distance"}],
            "folded": [{**row_of_quality, "label": "a kernel distance"}],
            "count": 1000,
            "by_inception": True,
            "unmeasured": "",
            "evaluator": "how good the evaluator is",
            "given": False,
        },
        "memorisation": {
            "verdict": "a verdict",
            "copies_found": False,
            "cannot_tell": False,
            "num_held_out": 500,
            "num_in_training": 0,
            "set_aside": True,
            "reason": "a reason",
            "rule": "a rule",
            "off_the_data": "where they lie",
            "rows": [
                {**evidence, "measure": "share below", "floor": 0.01, "is_share": True},
                {**evidence, "measure": "C_T", "floor": 0, "is_share": False},
                {**evidence, **metric, "measure": "authenticity", "is_share": True},
            ],
        },
        "generalisation": {
            "finding": "what D knows",
            "train_accuracy": 0.9,
            "held_out_accuracy": 0.8,
            "fake_accuracy": 0.7,
            "auc_held_out_fake": 0.95,
            "has_level": True,
        },
        "guards": [
            {"name": "collapse", "rule": "a rule of guards", "findings": ["a finding"]},
            {"name": "saturation", "rule": "another rule", "findings": []},
        ],
        "classes": {
            "names": ["zero", "one"],
            "num_modes": 10,
            "num_found": 8,
            "missing": ["zero"],
            "unsettled": ["one"],
            "jensen_shannon": divergence,
            "total_variation": divergence,
        },
        "evaluator": {"test_accuracy": 0.987, "by_rotation": 0},
        "variants": [{"figure": "blur"}],
        "importance": {
            "rows": [row],
            "fdr": 0.05,
            "readouts": ["g_fcd", "d_shift"],
            "meanings": {"g_fcd": "a distance"},
            "reliance_meanings": {"d_auc_drop": "a drop"},
            "answer": "An answer on features.",
            "by_evaluator": "By the evaluator alone another order.",
            "not_shown": "Something was not found.",
            "hardly_changed": "Images were hardly changed.",
            "trust": "The order is firm.",
            "of_retrained": "It is that of other GANs.",
            "of_subsets": "Subsets could be predicted.",
            "practical_size": 0.1,
            "many_regions": True,
            "labels": {
                "g_fcd": "distance to real images (FCD)",
                "d_shift": "change of D's logits",
                "d_contrast": "preference",
                "d_auc_drop": "loss of separation",
            },
            "rule": "A rule of ranking.",
            "modes": {"remove": "removed: what does it add?"},
            "num_comparisons": 20,
            "num_seeds": 3,
            "num_nulls": 4,
            "not_judged": [],
            "idle": [{"variant": "background", "reason": "background changes nothing"}],
            "diverged": [{"variant": "contrast", "seed": 3}],
            "screening": {"factor": 2.46, "history": [dropped]},
            "subsets": [{**coefficient, "q": 0.04, "held_out_r2": 0.8}],
            "noise": {
                "words": ["A difference below 0.35 in fcd cannot be told from retraining."],
                "rows": [
                    {
                        "readout": "g_fcd",
                        "mean": 2.3,
                        "sd": 0.1,
                        "band": 0.35,
                        "parts": [
                            {"part": part, "variance": 0.007, "low": 0.0, "high": 0.02}
                            for part in ("seed", "order")
                        ],
                    }
                ],
            },
            "subset_scores": [
                {
                    "readout": "g_fcd",
                    "lds": 0.62,
                    "lds_low": 0.31,
                    "lds_high": 0.81,
                    "seeds_agree": 0.55,
                    "lds_ceiling": 0.84,
                },
                {
                    "readout": "d_shift",
                    "lds": 0.12,
                    "lds_low": -0.2,
                    "lds_high": 0.4,
                    "seeds_agree": None,
                    "lds_ceiling": None,
                },
            ],
            "limits": "The smallest change that could have been found is 0.12 of g_fcd.",
            "detectable": [
                {
                    "readout": name,
                    "variant": variant,
                    "effect": 0.12,
                    "level": 3.0,
                    "relative": relative,
                    "null_sd": 0.05,
                    "freedom": 9.0,
                    "alpha": 0.002,
                    "power": 0.8,
                    "together": 4,
                }
                for name, variant, relative in (
                    ("g_fcd", "", 0.04),
                    ("d_contrast", "contrast", None),
                )
            ],
        },
        "health": _health(),
        "faithfulness": _faithfulness(),
        "refusals": [
            {
                "stage": "gradcam",
                "case": "d_fake",
                "method": "hirescam layers.2",
                "images": 7,
                "reason": "the map is flat",
            }
        ],
        "looks": {
            "passing": ["LIME"],
            "where": ["What raises D’s logit lies most in the middle."],
            "sign": "positive means “real”",
            "kept": True,
        },
        "gradcam": {
            "without": "No layer of G returns a feature map.",
            "left_out": [],
            "g_alone": False,
            "methods": ["Grad-CAM", "HiResCAM"],
            "unreliable": [{"name": "Grad-CAM", "why": "worse than a random map"}],
            "num_kinds": 4,
            "overlap": {"words": "D’s maps and G’s overlap", "shown": True},
            "units_not_kept": False,
        },
        "concepts": [{"concept": "brightness", "held_out_r2": 0.91}],
        "lime": {
            "stamp": "",
            "fit": "LIME’s sum of parts accounts for 0.51 on real images",
            "verdict": "What LIME found.",
            "baseline": "blur",
            "checks": [
                {
                    "baseline": "blur",
                    "num_images": 200,
                    "share": 0.05,
                    "low": 0.02,
                    "high": 0.09,
                    "means": "something",
                }
            ],
            "beware": ["Beware of the baseline."],
            "num_samples": 1000,
            "tolerance": 0.0,
            "num_averaged": 150,
            "num_seeds": 3,
            "num_latents": 21,
            "mean_held_out_r2_d_real": 0.51,
            "mean_held_out_r2_d_fake": 0.42,
            "mean_held_out_r2_g_regions": 0.33,
            "cases": ["d_real", "d_fake", "g_regions"],
            "left_out": [],
            "asked_of": "held-out",
        },
        "train": {
            "num_parameters_generator": 1234567,
            "num_parameters_discriminator": 5,
            "num_steps": 7,
            "published_step": 5,
            "held": True,
            "finding": "how the training went",
        },
        "settings": {"batch_size": 64, "epochs": 40},
        "provenance": {"commit": "abc"},
        "artifacts": [{"stage": "train", "path": "models/gan", "md5": "d41d"}],
    }


def _health() -> dict[str, Any]:
    """One rule that holds and one that does not."""
    interval = {"auc": 0.83, "low": 0.81, "high": 0.85}
    level = {"real": 0.2, "fake": -0.3, "real_above_0": 0.7, "fake_below_0": 0.8, **interval}
    ranks = {"noise": 0.97, "blur": 0.1, "spearman_real": 0.98, "spearman_fake": 0.99}
    return {
        "verdict": "A verdict on D.",
        "is_in_order": False,
        "left_out": (),
        "kind_of_reals": "held-out",
        "held_out": interval,
        "train": interval,
        "has_level": True,
        "has_sigmoid": True,
        "boundary": {"accuracy_at_0": 0.7, "accuracy_at_best": 0.75, "best": 0.1},
        "unreal": [{"words": "uniform noise", "mean": 2.5, **interval}],
        "sign": "what the sign means",
        "rules": ["a rule of D"],
        "readings": [
            {"what": "separates", "asked": "much", "measured": "a lot", "holds": True},
            {"what": "is not fooled", "asked": "by nothing", "measured": "by this", "holds": False},
        ],
        "forwards": [
            {"words": "as trained", **level, **dict.fromkeys(ranks)},
            {"words": "as explained", **level, **ranks},
        ],
        "num_images": {"held_out": 500, "fakes": 500},
        "num_reference": 256,
        "batch_trained": {"companions_train": 0.6},
        "batch_explained": {"companions_eval": 0.0},
        "harmless": [{"words": "saved as JPEG", "moved": 0.2, **interval}],
        "feeds": [{"words": "values in [0, 1]", "auc": 0.5, "gain": -0.3}],
        "saturation": {"median_norm": 1.5, "without": 0.0, "beyond": 0.0},
    }


def _faithfulness() -> dict[str, Any]:
    """One kind of map that passes, one that fails, one that is refused."""
    figures = {
        "insertion_deletion_vs_random": 1.23,
        "road_noisy_linear_vs_random": 0.456,
        "road_blur_vs_random": -0.789,
        "road_hot_deck_vs_random": -0.654,
        "seed_stability": 0.97,
        "sensitivity": 0.051,
        "randomisation_signed": -0.062,
        "randomisation_magnitude": 0.153,
    }
    good = {"faithful": "pass", "stable": "pass", "sane": "pass", "trusted": True}
    bad = {"faithful": "fail", "stable": "pass", "sane": "pass", "trusted": False}
    none = {**dict.fromkeys(("faithful", "stable", "sane"), "not measured"), "trusted": False}
    rows: list[dict[str, Any]] = [
        {"method": "lime", "name": "LIME", **good, "why": "", **figures},
        {
            "method": "gradcam layers.2",
            "name": "Grad-CAM, 2nd convolution",
            **bad,
            "why": "worse than an edge detector",
            **figures,
            "seed_stability": None,
        },
        {
            "method": "hirescam layers.2",
            "name": "HiResCAM, 2nd convolution",
            **none,
            "why": "seeds not measured; the target is constant",
            **dict.fromkeys(figures, None),
        },
    ]
    for row in rows:
        row["cells"] = [
            {
                "word": row[name],
                "figure": "" if row[name] == "not measured" else f"0.2; {name} 0.3 (margin +0.1)",
            }
            for name in ("faithful", "stable", "sane")
        ]
    return {
        "rows": rows,
        "within_g": True,
        "of_images": ", real and generated",
        "rules": {
            "faithful": "A rule of faithfulness.",
            "stable": "A rule of stability.",
            "sane": "A rule of sanity.",
            "trusted": "All three.",
        },
        "num_images": 80,
        "asks": {"faithful": "Does it count?", "stable": "Again?", "sane": "By training?"},
        "counts": {"kinds": 3, "passed": 1, "failed": 1, "unmeasured": 1},
        "figures": {
            "heads": [{"test": "sane", "figure": "likeness", "rule": "at most", "threshold": 0.3}],
            "rows": [
                {"name": "LIME", "cells": [{"value": 0.123, "margin": "+0.18"}]},
                {"name": "Grad-CAM, layers.2", "cells": [None]},
            ],
        },
        "agree": {
            "count": 5,
            "enough": True,
            "title": "They do not agree",
            "sentences": [
                "lime ranks cell_1_1 first, gradcam layers.2 fourth of 5.",
                "retraining, G ranks cell_2_2 second, lime third of 5.",
            ],
        },
        "baseline": "blur",
        "beware": ["Beware of what removes."],
        "infidelity": {"lime": 0.21, "gradcam layers.2": 0.84, "hirescam layers.2": None},
        "planted": [{"name": "Grad-CAM, middle", "pointing": 0.75, "iou": 0.61, "mass": 0.88}],
    }
