"""Everything that a GPU decides: training, feeding, scan, guided backpropagation and warp, in one run of minutes.

    python -m benchmarks.gpu                      # VGG-16 at 224 px on the first GPU
    python -m benchmarks.gpu --device cpu --small # the same lines on a CPU, in seconds; its figures mean nothing

It needs torch, torchvision, NumPy and OpenCV, not Ray; with captum also the peer of guided backpropagation. Each of the
processes that decode needs 10 MB of /dev/shm: start a container with `--shm-size`. Goals on an H100 or H200: 5,000
images/s of training in bf16, 0.97 of the synthetic feed with a real one, a scan at 0.95 of the bare forward pass. A
share of the peak is of a matrix product that was measured in the same run.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torchvision.io import ImageReadMode, decode_jpeg

from benchmarks.machine import machine_line
from benchmarks.timing import Stopwatch, in_turns, speed_ratio, table_head, table_row, wall_clock
from lp_core.exemplars.device_piece import DevicePiece
from lp_core.exemplars.guided_backprop import guided_backprop
from lp_core.exemplars.map_regions import map_regions
from lp_core.exemplars.peaks import find_peaks, first_maxima
from lp_core.exemplars.ring_sums import ring_tensors
from lp_core.exemplars.scan_result import ScanResult
from lp_core.images.crop import random_crop
from lp_core.images.decode_crop import decode_crop
from lp_core.images.log_polar import LogPolarMap
from lp_core.images.network_input import network_input
from lp_core.images.tensor import LogPolar
from lp_core.network.compute import training_operations
from lp_core.network.initialization import initialize
from lp_core.network.inputs import normalized
from lp_core.network.kernels import forbid_tf32
from lp_core.network.layers import architecture_of, conv_layers
from lp_core.network.learner import Learner
from lp_core.network.receptive_field import map_shape
from lp_core.network.stack import Stack
from lp_core.network.tally import Tally
from lp_core.network.vgg16 import VGG16
from lp_core.settings import NetworkSettings, TrainSettings, ViewSettings
from tasks.device_feed import AHEAD, DeviceBatch, copies_to, delivered, made_ahead
from tasks.meter import Meter
from tasks.worker_process import prepare_reading

PART = 32
"""Images that a process decodes at a time: with whole batches, all that are measured would be begun in the warm-up."""


@dataclass(frozen=True)
class Sizes:
    """How large everything is."""

    side: int
    width: float
    classes: int
    batch: int
    scanned: int
    units: int
    product: int
    steps: int
    rounds: int

    @property
    def network(self) -> NetworkSettings:
        return NetworkSettings(width=self.width, pool=self.side // 32)


FULL = Sizes(224, 1.0, 1000, 256, 32, 32, 8192, 40, 7)
SMALL = Sizes(32, 1 / 16, 12, 8, 4, 3, 64, 3, 2)


def network_of(sizes: Sizes, device: torch.device) -> VGG16:
    """Random weights, channels last."""
    network = initialize(VGG16(sizes.classes, sizes.network), "variance-preserving", 0)
    return network.to(device).to(memory_format=torch.channels_last)


def learner_of(sizes: Sizes, device: torch.device, way: str) -> Learner:
    """A training of one worker, as the `imagenet` recipe has it."""
    train = TrainSettings(batch_size=sizes.batch, micro_batch=sizes.batch, compile="on" if way == "compiled" else "off")
    return Learner(network_of(sizes, device), train, 0, (sizes.side, sizes.side), 10_000, device)


def host_batches(sizes: Sizes) -> list[DeviceBatch]:
    """Three random batches in this process' memory."""
    rng, side = np.random.default_rng(0), sizes.side
    return [
        DeviceBatch(
            rng.integers(0, 256, (sizes.batch, side, side, 3), np.uint8),
            rng.integers(0, sizes.classes, sizes.batch),
            np.arange(sizes.batch),
            [],
            index,
        )
        for index in range(3)
    ]


def photographs() -> list[bytes]:
    """Sixteen JPEGs of smooth noise, 400 x 500 px."""
    rng = np.random.default_rng(0)
    noise = [cv2.resize(rng.integers(0, 256, (60, 75, 3), np.uint8), (500, 400)) for _ in range(16)]
    return [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes() for image in noise]


class Photographs(torch.utils.data.Dataset):
    """Batches that are decoded, cropped and warped by whoever asks for them."""

    def __init__(self, sizes: Sizes, number: int) -> None:
        self.sizes, self.number, self.files = sizes, number, photographs()

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        prepare_reading()  # a core each, as the readers of a training have
        sizes, geometry = self.sizes, ViewSettings(size=self.sizes.side)
        images = np.zeros((sizes.batch, sizes.side, sizes.side, 3), np.uint8)
        for place in range(sizes.batch):
            rng = np.random.default_rng([index, place])
            image, crop = decode_crop(
                self.files[place % len(self.files)],
                lambda height, width, rng=rng: random_crop(height, width, (0.08, 1.0), (0.75, 1.33), 0.5, rng),
            )
            images[place] = network_input(image, crop, "log_polar", geometry)
        return images, np.arange(sizes.batch) % sizes.classes, np.arange(sizes.batch)


def feeds(sizes: Sizes, device: torch.device, workers: int, steps: int) -> dict[str, Callable[[], Iterator]]:
    """What training reads: one batch on the device over and over, arrays of the host, photographs decoded for it."""
    host = host_batches(sizes)

    def on_device() -> Iterator[DeviceBatch]:
        tensors = [torch.as_tensor(x).to(device) for x in (host[0].images_NSRC, host[0].labels_N, host[0].rows_N)]
        return iter([DeviceBatch(*tensors, [], 0)] * steps)

    def decoded() -> Iterator[DeviceBatch]:
        parts = max(1, sizes.batch // PART)
        # Many times what is decoded ahead, which costs nothing while it is measured.
        batches = max(steps, 4 * workers // parts)
        loader = torch.utils.data.DataLoader(
            Photographs(replace(sizes, batch=sizes.batch // parts), batches * parts),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=1 if workers else None,
        )
        items = iter(loader)
        for index in range(batches):
            columns = zip(*islice(items, parts), strict=True)
            yield DeviceBatch(*(np.concatenate([np.asarray(part) for part in column]) for column in columns), [], index)

    return {"synthetic": on_device, "host arrays": lambda: islice(cycle(host), steps), "photographs": decoded}


def training(sizes: Sizes, device: torch.device, ways: list[str], workers: int, peak: float) -> None:
    """Images per second by feed, eager and compiled."""
    print(table_head("network", "feed", "images/s", "synthetic = 1", "waiting", "TFLOP/s", "share of peak", "MB"))
    operations = training_operations(sizes.network, sizes.classes, sizes.side)
    clock, warm_up = wall_clock(device.type), 3
    for way in ways:
        learner, base = learner_of(sizes, device, way), 0.0
        for name, feed in feeds(sizes, device, workers, sizes.steps + warm_up).items():
            copies = None if name == "synthetic" else copies_to(device)
            meter = Meter(operations, 0.0, device)
            read = feed() if copies is None else made_ahead(feed(), copies.begin, AHEAD)
            batches = delivered(meter.timed(read), copies)
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            for batch in islice(batches, warm_up):
                learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N)
            clock()
            meter.reset()
            with Stopwatch(clock) as watch:
                for batch in batches:
                    meter.tally += learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N)
            counts, failure = meter.tally.read()
            learner.check(failure)
            rate = counts.images / watch.seconds
            base = base or rate
            done = rate * operations
            memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0
            waiting = meter.line(counts, 0.0)["waiting_share"]
            cells = (f"{rate:,.0f}", f"{rate / base:.3f}", f"{waiting:.3f}", f"{done / 1e12:.3f}", f"{done / peak:.3f}")
            print(table_row(way, name, *cells, f"{memory:,.0f}"), flush=True)


def synchronisations(sizes: Sizes, device: torch.device) -> int:
    """How often a training step makes this thread wait for the device, as torch counts."""
    learner, [batch, *_] = learner_of(sizes, device, "eager"), feeds(sizes, device, 0, 1)["synthetic"]()
    learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N)
        torch.cuda.set_sync_debug_mode("default")
    return sum("called a synchronizing" in str(warning.message) for warning in seen)


def pieces_of_a_step(sizes: Sizes, device: torch.device) -> None:
    """Milliseconds of each piece of an eager step, the device waited for after each."""
    learner, [batch, *_] = learner_of(sizes, device, "eager"), feeds(sizes, device, 0, 1)["synthetic"]()
    x_NCSR, label_N = normalized(batch.images_NSRC, device), torch.as_tensor(batch.labels_N)
    learner.network.train()
    learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N)

    def forward() -> Tensor:
        with learner.autocast():
            return learner.network(x_NCSR).float()

    def with_backward() -> None:
        learner.optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(forward(), label_N).backward()

    logits_NC = forward().detach()
    ways = {
        "normalise": lambda: normalized(batch.images_NSRC, device),
        "forward": forward,
        "forward and backward": with_backward,
        "optimiser": learner.optimizer.step,
        "counts": lambda: Tally.of(logits_NC, label_N, 0),
        "whole step": lambda: learner.learn(batch.images_NSRC, batch.labels_N, sizes.batch, batch.rows_N),
    }
    report("piece of a step", in_turns(ways, sizes.rounds, clock=wall_clock(device.type)), "whole step")


def scanning(sizes: Sizes, device: torch.device) -> None:
    """A scan of one batch against the bare forward pass of the convolutions, in fp32 without TF32."""
    forbid_tf32()
    network = network_of(sizes, device).eval()
    stack, architecture = Stack.of(network), architecture_of(sizes.network)
    images = np.random.default_rng(0).integers(0, 256, (sizes.scanned, sizes.side, sizes.side, 3), np.uint8)
    x_N3SR, channels = normalized(images, device), sum(architecture.channels.values())
    empty = ScanResult.empty(
        architecture.channels, (sizes.side, sizes.side), np.zeros(channels, np.float32), architecture
    )
    piece, geometry, start = DevicePiece(empty, device), ViewSettings(size=sizes.side), {"row": 0}
    firsts = dict(zip(architecture.channels, np.cumsum([0, *architecture.channels.values()]).tolist(), strict=False))
    threshold_C = torch.zeros(channels, device=device)

    @torch.no_grad()
    def bare() -> None:
        y = x_N3SR
        for step in stack.up_to(list(stack.layers)[-1]):
            y = step.module(y)
            y = y.relu_() if step.relu else y

    def rings(layer: str, a_NCSR: Tensor) -> None:
        regions = map_regions("log_polar", geometry, layer, architecture)
        mine_C = threshold_C[firsts[layer] : firsts[layer] + a_NCSR.shape[1]]
        piece.push_rings(firsts[layer], ring_tensors(a_NCSR, regions, mine_C))

    def scan(watch: Callable[[str, Tensor], None] | None) -> None:
        rows = range(start["row"], start["row"] + sizes.scanned)
        start["row"] = rows.stop
        piece.push(find_peaks(network, x_N3SR, rows=rows, watch=watch, checked=False), rows)

    largest = torch.relu(torch.randn(sizes.scanned, max(64 * sizes.width, 1).__ceil__(), sizes.side, sizes.side))
    largest = largest.to(device).contiguous(memory_format=torch.channels_last)
    ways = {
        "bare forward pass": bare,
        "peaks of all layers": lambda: find_peaks(network, x_N3SR, checked=False),
        "peaks, the nine and statistics": lambda: scan(None),
        "the same with sums by ring": lambda: scan(rings),
        "maxima of the largest map, as it lies": lambda: first_maxima(largest),
        "the same, copied first": lambda: largest.flatten(2).max(2),
    }
    seconds = in_turns(ways, sizes.rounds, clock=wall_clock(device.type))
    piece.result()
    report("scan of a batch", seconds, "bare forward pass")


def back_propagation(sizes: Sizes, device: torch.device) -> None:
    """Milliseconds a unit by layer, against captum one at a time where it is installed."""
    network = network_of(sizes, device).eval()
    generator = torch.Generator().manual_seed(0)
    x_N3SR = torch.randn(sizes.units, 3, sizes.side, sizes.side, generator=generator).to(device)
    x_N3SR = x_N3SR.contiguous(memory_format=torch.channels_last)
    try:
        from captum.attr import NeuronGuidedBackprop
    except ImportError:
        NeuronGuidedBackprop = None
    theirs = copy.deepcopy(network)
    for module in theirs.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    warnings.filterwarnings("ignore", message="Setting backward hooks")
    print(table_head("layer", "ours, ms a unit", "captum, ms a unit", "times faster"))
    for layer in ("conv2_2", "conv3_3", "conv4_3", "conv5_3"):
        limits = (architecture_of(sizes.network).channels[layer], *map_shape(layer, (sizes.side, sizes.side)))
        drawn = torch.stack([torch.randint(limit, (sizes.units,), generator=generator) for limit in limits], 1)
        units = [tuple(unit) for unit in drawn.tolist()]
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda layer=layer, units=units: guided_backprop(network, x_N3SR, layer, units)
        }
        if NeuronGuidedBackprop is not None:
            peer = NeuronGuidedBackprop(theirs, theirs.features[conv_layers()[layer] + 1])
            ways["captum"] = lambda peer=peer, units=units: peer.attribute(
                x_N3SR[:1].clone().requires_grad_(), units[0]
            )
        seconds = in_turns(ways, sizes.rounds, clock=wall_clock(device.type))
        ours = 1e3 * seconds["ours"] / sizes.units
        cells = ["none", ""]
        if "captum" in seconds:
            captum = 1e3 * seconds["captum"]
            cells = [f"{statistics.median(captum.ravel()):.3f}", f"{speed_ratio(captum, ours):.1f}"]
        print(table_row(layer, f"{statistics.median(ours.ravel()):.3f}", *cells), flush=True)


def warping(sizes: Sizes, device: torch.device) -> None:
    """The log-polar map of a batch on the device, against `grid_sample` of as many points."""
    side = sizes.side
    plain, full = LogPolarMap(size=(side, side), prefilter=False), LogPolarMap(size=(side, side))
    image_NCHW = torch.rand(sizes.scanned, 3, side, side, device=device)
    grid = (torch.rand(1, side, side, 2, device=device) * 2 - 1).expand(sizes.scanned, -1, -1, -1)
    by_plain, by_full = LogPolar(plain).to(device), LogPolar(full).to(device)
    ways = {
        "grid_sample, given the grid": lambda: nn.functional.grid_sample(image_NCHW, grid, align_corners=False),
        "ours": lambda: by_plain(image_NCHW),
        "ours, prefiltered": lambda: by_full(image_NCHW),
    }
    seconds = in_turns(ways, sizes.rounds, clock=wall_clock(device.type))
    report("warp of a batch", seconds, "grid_sample, given the grid")


def decoding(sizes: Sizes, device: torch.device) -> None:
    """Milliseconds of sixteen photographs: decoded by a core, with crop and warp, and by the device's own decoder."""
    files = photographs()
    encoded = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in files]
    whole = Photographs(replace(sizes, batch=len(files)), 1)

    def by_core() -> list[np.ndarray]:
        return [cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR_RGB) for file in files]

    def by_device() -> list[Tensor]:
        return decode_jpeg(encoded, mode=ImageReadMode.RGB, device=device)

    ways = {"a core, decoded": by_core, "a core, with crop and warp": lambda: whole[0]}
    try:
        on_device = by_device()
        ways["the device, decoded (torchvision)"] = by_device
    except RuntimeError as error:  # a torchvision without nvJPEG
        on_device = []
        print(f"the device decodes nothing: {str(error).splitlines()[0]}")
    report("sixteen photographs", in_turns(ways, sizes.rounds, clock=wall_clock(device.type)), "a core, decoded")
    if on_device:
        pairs = zip(by_core(), on_device, strict=True)
        off = max(int((torch.as_tensor(a).permute(2, 0, 1).int() - b.cpu().int()).abs().max()) for a, b in pairs)
        print(f"largest difference of the decoders: {off} grey levels")


def matrix_peak(sizes: Sizes, device: torch.device) -> float:
    """Operations per second of a square matrix product in bf16."""
    a, b = (torch.randn(sizes.product, sizes.product, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = in_turns({"product": lambda: a @ b}, sizes.rounds, warm_up=3, clock=wall_clock(device.type))
    return 2 * sizes.product**3 / float(seconds["product"].min())


def copying(sizes: Sizes, device: torch.device) -> None:
    """GB/s of a batch of images to the device, from ordinary and from pinned memory."""
    pageable = torch.as_tensor(host_batches(sizes)[0].images_NSRC)
    pinned = pageable.pin_memory() if device.type == "cuda" else pageable
    ways = {
        "ordinary memory": lambda: pageable.to(device, copy=True),
        "pinned memory": lambda: pinned.to(device, non_blocking=True, copy=True),
    }
    seconds = in_turns(ways, sizes.rounds, clock=wall_clock(device.type))
    print(table_head("copy of a batch from", "GB/s"))
    for name, taken in seconds.items():
        print(table_row(name, f"{pageable.numel() / 1e9 / float(taken.min()):.1f}"))


def report(title: str, seconds: dict[str, np.ndarray], base: str) -> None:
    """Milliseconds of every way, and the speed as a share of one of them."""
    print(table_head(title, "ms", f"speed, {base} = 1"))
    for name, taken in seconds.items():
        milliseconds = 1e3 * statistics.median(taken.ravel().tolist())
        print(table_row(name, f"{milliseconds:.3f}", f"{speed_ratio(seconds[base], taken):.3f}"), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to run every line")
    parser.add_argument("--ways", nargs="+", choices=["eager", "compiled"], default=["eager", "compiled"])
    parser.add_argument("--workers", type=int, default=None, help="processes that decode; 0 for this one")
    options = parser.parse_args()
    device, sizes = torch.device(options.device), SMALL if options.small else FULL
    prepare_reading()
    workers = options.workers if options.workers is not None else len(os.sched_getaffinity(0))
    print(f"{machine_line(options.device)}, {workers} processes decode")
    peak = matrix_peak(sizes, device)
    print(f"matrix product in bf16: {peak / 1e12:.3f} TFLOP/s")
    copying(sizes, device)
    if device.type == "cuda":
        print(f"synchronisations inside a step: {synchronisations(sizes, device)}")
    pieces_of_a_step(sizes, device)
    training(sizes, device, options.ways, workers, peak)
    decoding(sizes, device)
    warping(sizes, device)
    back_propagation(sizes, device)
    scanning(sizes, device)


if __name__ == "__main__":
    main()
