"""timm's VGG-16 and ours give the same logits from the same weights, whose classifier has other names there."""

import pytest
import torch
from safetensors.torch import save_file

from lp_core import load_weights

timm = pytest.importorskip("timm", reason="timm is not installed (pip install logpolar[interop])")


def test_timms_weights_give_its_logits(tmp_path) -> None:
    torch.manual_seed(0)
    theirs = timm.create_model("vgg16", pretrained=False, num_classes=10).eval()
    assert any(name.startswith("pre_logits.fc1") for name in theirs.state_dict())
    save_file(theirs.state_dict(), tmp_path / "timm.safetensors")
    ours = load_weights(str(tmp_path / "timm.safetensors"), classes=10)
    x_13HW = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(ours(x_13HW), theirs(x_13HW), rtol=1e-4, atol=1e-4)
