"""A GAN that was trained elsewhere through the whole pipeline: run, unchanged, weights changed."""

import json
from pathlib import Path

import pytest

from ganatomy.files import read_json, sha256_of
from tests.adopted import write_adoptable, write_weights
from tests.harness import digests, flows, outcomes

SMALL = " ".join(
    f"{key}={value}"
    for key, value in {
        "gan.adopt": "given/mine/my-gan.yaml",
        "fetch.source": "mnist-sample",
        "fetch.max_images": 400,
        "prepare.image_size": 28,
        "evaluator.width": 4,
        "evaluator.epochs": 1,
        "evaluate.num_fakes": 80,
        "evaluate.num_shown": 16,
        "discriminator.num_images": 80,
        "retrain.shards": [0],
        "directions.num_latents": 40,
        "directions.num_random": 2,
        "gradcam.num_images": 2,
        "gradcam.num_averaged": 10,
        "gradcam.num_ablated": 8,
        "gradcam.num_random": 3,
        "lime.num_images": 2,
        "lime.num_averaged": 10,
        "lime.num_samples": 160,
        "lime.num_latents": 3,
        "rules.num_images": 80,
        "rules.least_images": 10,
        "rules.num_changed": 8,
        "faithfulness.num_images": 4,
        "faithfulness.num_steps": 4,
        "faithfulness.num_perturbations": 3,
        "faithfulness.num_seeds": 2,
        "faithfulness.integration_steps": 4,
    }.items()
)
BEHIND_WEIGHTS = {
    *("inputs", "contract", "train", "evaluate", "discriminator", "directions", "gradcam"),
    *("lime", "rules", "structure", "topology", "faithfulness", "report"),
    *("screen", "importance"),  # they read it, and say in a moment that they are left out
}


@pytest.mark.slow
def test_it_runs_is_recorded_and_follows_its_weights(project: Path) -> None:
    mine = write_adoptable(project / "given" / "mine").parent
    done = flows(project, "run", "--profile", "adopt", "--set", SMALL)
    assert done.returncode == 0, done.stderr
    assert "not recorded" not in done.stderr
    page = (project / "reports" / "report.html").read_text()
    weights = sha256_of(mine / "weights.pt")
    assert weights in page
    assert "somebodys_networks:Painter" in page
    assert "trained elsewhere (my-gan.yaml)" in page
    before = digests(project)

    again = flows(project, "run")
    assert again.returncode == 0, again.stderr
    assert "Nothing to do" in again.stderr + again.stdout

    write_weights(mine / "weights.pt", seed=1)
    anew = flows(project, "run")
    assert anew.returncode == 0, anew.stderr
    ran = {name for name, text in outcomes(anew).items() if text.startswith("done")}
    assert {"contract", "train", "evaluate", "gradcam", "lime", "report"} <= ran <= BEHIND_WEIGHTS
    after = digests(project)
    assert before["data/prepared"] == after["data/prepared"]
    assert before["models/gan"] != after["models/gan"]
    told = json.dumps(read_json(project / "inputs" / "adopted.json"))
    assert sha256_of(mine / "weights.pt") in told


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_wrong_file_ends_it_before_anything_runs(command: str, two_stages: Path) -> None:
    write_adoptable(two_stages / "given" / "mine", latent={"dimm": 6})
    done = flows(two_stages, command, "--set", f"gan.source=adopt {SMALL}")
    assert done.returncode == 2
    assert "unknown key 'dimm'" in done.stderr
    assert "Did you mean `dim`?" in done.stderr
    assert not (two_stages / "data").exists()
