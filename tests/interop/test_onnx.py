"""A network exported to ONNX, with and without the log-polar layer, gives the same in onnxruntime to 1e-5."""

import numpy as np
import pytest
import torch
from torch import nn

from lp_core import LogPolar, LogPolarMap, NetworkSettings
from lp_core.network.initialization import first_network

pytest.importorskip("onnx", reason="onnx is not installed (pip install logpolar[interop])")
pytest.importorskip("onnxscript", reason="onnxscript is not installed (pip install logpolar[interop])")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (pip install logpolar[interop])")

# Warnings of the exporter's own modules are no fault of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.mark.parametrize("angle_padding", ["zeros", "circular"])
@pytest.mark.parametrize("with_layer", [False, True])
def test_onnxruntime_agrees(tmp_path, with_layer: bool, angle_padding: str) -> None:
    settings = NetworkSettings(width=1 / 16, pool=1, initialization="variance-preserving", angle_padding=angle_padding)
    network: nn.Module = first_network(settings, "log_polar", 10, seed=0)
    if with_layer:
        network = nn.Sequential(LogPolar(LogPolarMap(size=(60, 80), sectors=64, rings=48)), network)
    network.eval()
    x_N3HW = torch.rand(3, 3, *((60, 80) if with_layer else (64, 48)), generator=torch.Generator().manual_seed(0))
    shapes = {0: torch.export.Dim("images", min=1, max=64)}
    program = torch.onnx.export(network, (x_N3HW,), dynamo=True, dynamic_shapes=(shapes,), verbose=False)
    program.save(str(tmp_path / "network.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"), providers=["CPUExecutionProvider"])
    [name] = [entry.name for entry in session.get_inputs()]
    with torch.no_grad():
        for images in (x_N3HW, x_N3HW[:1]):
            [logits] = session.run(None, {name: images.numpy()})
            np.testing.assert_allclose(logits, network(images).numpy(), atol=1e-5, rtol=1e-5)
