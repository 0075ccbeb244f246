"""Every line of `benchmarks/gpu.py` runs on a CPU, and without the packages that a bare GPU machine lacks."""

import re
import subprocess
import sys
from pathlib import Path

LACKING = ("pyarrow", "ray", "tenacity", "pandas", "scipy", "safetensors", "tyro")


def test_it_runs_small_on_a_cpu() -> None:
    arguments = ["gpu", "--device", "cpu", "--small", "--ways", "eager", "--workers", "0"]
    program = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({LACKING})); sys.argv = {arguments}; "
        "runpy.run_module('benchmarks.gpu', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for title in ("product in bf16", "copy of a batch from", "piece of a step", "network", "warp of a batch", "layer"):
        assert title in done.stdout
    assert len(re.findall(r"^\| (?:a core|the device), .* \| [\d.]+ \| [\d.]+ \|$", done.stdout, re.M)) == 3
    [off] = re.findall(r"^largest difference of the decoders: (\d+) grey levels$", done.stdout, re.M)
    assert int(off) <= 3
    shares = re.findall(r"^\| (?:peaks.*|the same with sums by ring) \| [\d.]+ \| ([\d.]+) \|$", done.stdout, re.M)
    assert len(shares) == 3
    rates = re.findall(r"^\| eager \| (?:synthetic|host arrays|photographs) \| ([\d,.]+) \|", done.stdout, re.M)
    assert len(rates) == 3
