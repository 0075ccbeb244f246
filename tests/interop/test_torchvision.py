"""torchvision's v2 pipelines take `LogPolar` as a transform, and its VGG-16 and ours read each other's weights."""

import numpy as np
import pytest
import torch
from safetensors.torch import load, save_file
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.models import vgg16
from torchvision.transforms import v2

from lp_core import LogPolar, LogPolarMap, NetworkSettings, load_weights
from lp_core.network.initialization import first_network
from lp_core.network.inputs import MEAN, STD
from lp_core.run.weights import weights_bytes
from lp_core.toy.data_set import draw

MAP = LogPolarMap(size=(64, 64), sectors=32, rings=48)


class Toy(torch.utils.data.Dataset):
    """Pictures of the built-in data set through a pipeline."""

    def __init__(self, transform: v2.Compose) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 6

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        image, label = draw(0, "validation", row, side=64)
        return self.transform(image), label


@pytest.mark.parametrize("workers", [0, 1])
def test_a_pipeline_in_a_data_loader_gives_what_numpy_gives(workers: int) -> None:
    steps = [v2.ToImage(), LogPolar(MAP), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    loader = DataLoader(Toy(v2.Compose(steps)), batch_size=3, num_workers=workers)
    x_N3SR = torch.cat([batch for batch, _ in loader])
    warped = np.stack([MAP.warp(draw(0, "validation", row, side=64)[0]) for row in range(6)])
    expected = (warped / 255 - np.array(MEAN)) / np.array(STD)
    one_grey_level = 1.01 / 255 / min(STD)
    np.testing.assert_allclose(x_N3SR.numpy().transpose(0, 2, 3, 1), expected, atol=one_grey_level)


def test_an_image_stays_an_image_and_random_transforms_follow() -> None:
    image = tv_tensors.Image(torch.from_numpy(draw(0, "validation", 0, side=64)[0].copy()).permute(2, 0, 1))
    torch.manual_seed(0)
    result = v2.Compose([v2.RandomHorizontalFlip(1.0), LogPolar(MAP), v2.RandomErasing(1.0)])(image)
    assert isinstance(result, tv_tensors.Image)
    assert result.dtype == torch.uint8
    assert result.shape == (3, 32, 48)


def test_our_safetensors_are_torchvisions_state_dict() -> None:
    network = first_network(NetworkSettings(width=1 / 16, pool=7), "cartesian", 10, seed=0).eval()
    ours = load(weights_bytes(network))
    with torch.device("meta"):
        theirs = vgg16(num_classes=10).state_dict()
    assert sorted(ours) == sorted(theirs)
    assert {name: value.ndim for name, value in ours.items()} == {name: value.ndim for name, value in theirs.items()}


def test_torchvisions_weights_give_its_logits(tmp_path) -> None:
    torch.manual_seed(0)
    theirs = vgg16(num_classes=10).eval()
    save_file(theirs.state_dict(), tmp_path / "vgg16.safetensors")
    ours = load_weights(str(tmp_path / "vgg16.safetensors"), classes=10)
    x_1333 = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x_1333), theirs(x_1333), rtol=1e-5, atol=1e-5)
