"""Inception features for numbers that compare with papers, from weights that the user has.

Only natural colour images deserve them: the network has never seen grey digits.
"""

import io
from pathlib import Path

import torch

from ganatomy.errors import InputError
from ganatomy.extras import extra

OFFICIAL = "weights-inception-2015-12-05-6726825d.pth"


def inception_features(
    images: torch.Tensor, weights: Path, device: torch.device, *, batch_size: int = 64
) -> torch.Tensor:
    """Return the 2048 pooled features of TensorFlow's Inception v3, as of torch-fidelity.

    Nothing is downloaded, and nothing but tensors is read from the file.

    Parameters
    ----------
    images : Tensor of shape (n, c, s, s), uint8, c in {1, 3}
        Resized to 299 pixels by the network's own interpolation; grey is repeated to three
        channels.
    weights : Path
        State dict as torch-fidelity publishes it.
    device : torch.device
    batch_size : int

    Returns
    -------
    Tensor of shape (n, 2048), float64, on the CPU

    Raises
    ------
    InputError
        The images are neither grey nor RGB, torch-fidelity is not installed, or the file is
        missing, damaged or of another network.
    """
    if images.shape[1] not in (1, 3):
        raise InputError(
            f"images of {images.shape[1]} channels: Inception's numbers need grey or RGB",
            "inception_weights",
            "Leave it empty; the other metrics take any number of channels.",
        )
    network = _load(weights).to(device)
    parts = [
        network(part.expand(-1, 3, -1, -1).to(device))[0].cpu() for part in images.split(batch_size)
    ]
    return torch.cat(parts).double()


def _load(weights: Path) -> torch.nn.Module:
    with extra("fid", "Inception features"):
        from torch_fidelity.feature_extractor_inceptionv3 import (  # type: ignore
            FeatureExtractorInceptionV3,
        )
    remedy = f"Give the path of {OFFICIAL} from the releases of toshas/torch-fidelity on GitHub."
    if not weights.is_file():
        raise InputError("no file of Inception weights", str(weights), remedy)
    try:
        # the extractor unpickles whatever it is given, so it is given what was read safely here
        state = torch.load(weights, map_location="cpu", weights_only=True)
        safe = io.BytesIO()
        torch.save(state, safe)
        safe.seek(0)
        network: torch.nn.Module = FeatureExtractorInceptionV3(
            "inception", ["2048"], feature_extractor_weights_path=safe
        )
    except Exception as error:
        # damaged zip, foreign pickle, missing keys or wrong shapes: to the user it is one thing
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"not Inception weights ({reason})", str(weights), remedy) from error
    return network
