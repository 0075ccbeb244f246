"""Tasks that look for the nine strongest activations of every channel, each in a few hundred images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lp_core.dataset.feed import Batch, open_dataset
from lp_core.errors import DataError
from lp_core.storage import Storage
from tasks.from_recipe import scan_feed, scan_rotations
from tasks.networks import Trained, kept_network
from tasks.worker_process import prepare_measuring

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from lp_core.exemplars.map_regions import MapRegions
    from lp_core.exemplars.peaks import Peaks
    from lp_core.exemplars.scan_result import ScanResult


@dataclass(frozen=True)
class Search:
    """One network's part in a scan. Small and picklable: it travels to every task.

    Args:
        trained: the network.
        folder: URI of the folder for what is found.
        look: file of the first look within `folder`: what makes a unit count as strong.
        maxima: whether all images' maxima are wanted.
        name: fingerprint of everything that the files of the pieces depend on.
    """

    trained: Trained
    folder: str
    look: str
    maxima: bool
    name: str = ""

    def file(self, rows: np.ndarray) -> str:
        """Name of the file that holds what was found in a piece, within `folder`."""
        return f"scan/{self.name}-{int(rows[0]):09d}.npz"

    def is_finished(self, rows: np.ndarray) -> bool:
        """Whether that file is there and whole."""
        from lp_core.exemplars.scan_result import ScanResult, maxima_of

        try:
            data = Storage(self.folder).read_bytes(self.file(rows))
            images = len(ScanResult.from_bytes(data).statistics.row_N)
            return not self.maxima or len(maxima_of(data)) == images
        except (OSError, ValueError):
            return False

    def thresholds(self) -> np.ndarray:
        """Float32 [C], the activation above which a unit counts as strong.

        Raises:
            OSError, ValueError: there was no first look, or its file is damaged.
        """
        from lp_core.exemplars.first_look import from_bytes

        return from_bytes(Storage(self.folder).read_bytes(self.look))


def scan_rows(searches: tuple[Search, ...], rows: np.ndarray) -> int:
    """Find the nine of every channel among some rows, and count what all of them do, for each network; write a file.

    Rows that cannot be decoded are in none.

    Returns:
        Rows times networks.
    """
    prepare_measuring()
    first = searches[0].trained
    scan = first.recipe.scan
    feed = scan_feed(first.recipe, first.view)
    wants_hashes = any(search.maxima for search in searches)
    batches: Iterable[Batch] = feed.evaluation_batches(scan.split, rows, scan.batch_size, hashes=wants_hashes)
    if len(searches) > 1:
        # Decoded once for all networks, which come one after the other.
        batches = list(batches)
    for search in searches:
        Storage(search.folder).write_bytes(search.file(rows), _found(search, batches))
    return len(rows) * len(searches)


def _found(search: Search, batches: Iterable[Batch]) -> bytes:
    """The file of what one network finds in the images, with all of their maxima if they are wanted."""
    from lp_core.exemplars.scan_result import ScanResult
    from lp_core.network.layers import architecture_of

    _, device = kept_network(search.trained, classifier=False)
    recipe = search.trained.recipe
    architecture, shape = architecture_of(recipe.network), recipe.geometry.shape(search.trained.view)
    empty = ScanResult.empty(architecture.channels, shape, search.thresholds(), architecture)
    found = _found_on_gpu if device.type == "cuda" else _found_on_cpu
    return found(search, batches, empty, device)


def _found_on_cpu(search: Search, batches: Iterable[Batch], empty: ScanResult, device: torch.device) -> bytes:
    """Count every batch in NumPy arrays, in this process' caches."""
    from lp_core.exemplars.ring_sums import ring_sums
    from lp_core.exemplars.scan_result import ScanResult, half_precision
    from lp_core.network.machine import machine

    top_k, statistics, rings = empty.top_k, empty.statistics, empty.rings
    maxima: list[np.ndarray] = []
    hashes: list[np.ndarray] = []
    regions_of = _regions(search, rings.threshold_C, device)

    def count_rings(layer: str, a_NCSR: Tensor) -> None:
        first, regions, threshold_C = regions_of(layer)
        rings.push(first, ring_sums(a_NCSR, regions, threshold_C))

    for peaks, batch in peaks_of(search.trained, batches, count_rings):
        numbers = batch.rows_N.tolist()
        top_k = top_k.push(peaks, numbers)
        statistics.push(peaks, numbers)
        if search.maxima and batch.hash_N is not None:
            maxima.append(half_precision(peaks.value_NC.cpu().numpy()))
            hashes.append(batch.hash_N)
    result = ScanResult(top_k, statistics, rings, (machine(device),))
    return result.to_bytes(np.concatenate(maxima), np.concatenate(hashes)) if maxima else result.to_bytes()


def _found_on_gpu(search: Search, batches: Iterable[Batch], empty: ScanResult, device: torch.device) -> bytes:
    """Count on the device, which is waited for once: at the end of the piece."""
    from lp_core.exemplars.device_piece import DevicePiece
    from lp_core.exemplars.ring_sums import ring_tensors
    from lp_core.network.machine import machine

    piece = DevicePiece(empty, device, maxima=search.maxima)
    hashes: list[np.ndarray] = []
    regions_of = _regions(search, empty.rings.threshold_C, device)

    def count_rings(layer: str, a_NCSR: Tensor) -> None:
        first, regions, threshold_C = regions_of(layer)
        piece.push_rings(first, ring_tensors(a_NCSR, regions, threshold_C))

    for peaks, batch in peaks_of(search.trained, batches, count_rings, checked=False):
        piece.push(peaks, batch.rows_N.tolist())
        if batch.hash_N is not None:
            hashes.append(batch.hash_N)
    with _naming_images(search.trained):
        result, maxima_NC = piece.result((machine(device),))
    return result.to_bytes(maxima_NC, np.concatenate(hashes)) if maxima_NC is not None else result.to_bytes()


def _regions(
    search: Search, threshold_C: np.ndarray, device: torch.device
) -> Callable[[str], tuple[int, MapRegions, Tensor]]:
    """A function: a layer's name -> its first channel, the regions of its maps, and its channels' thresholds."""
    from lp_core.exemplars.map_regions import map_regions
    from lp_core.network.inputs import as_tensor
    from lp_core.network.layers import architecture_of

    recipe, view = search.trained.recipe, search.trained.view
    architecture = architecture_of(recipe.network)
    channels = architecture.channels
    on_device_C = as_tensor(threshold_C, device)

    def of(layer: str) -> tuple[int, MapRegions, Tensor]:
        first = sum(list(channels.values())[: list(channels).index(layer)])
        mine_C = on_device_C[first : first + channels[layer]]
        return first, map_regions(view, recipe.geometry, layer, architecture), mine_C

    return of


def peaks_of(
    trained: Trained, batches: Iterable[Batch], watch: Callable[[str, Tensor], None], *, checked: bool = True
) -> Iterator[tuple[Peaks, Batch]]:
    """Yield the peaks of batches of images, each passed through a network once.

    Args:
        trained: the network.
        batches: without rows that cannot be decoded.
        watch: called with each layer's name and maps.
        checked: look at once whether all activations are numbers, for which a GPU is waited for.

    Raises:
        DataError: an activation is not a number; the message names the image.
    """
    from lp_core.exemplars.peaks import find_peaks
    from lp_core.network.inputs import filled, normalized

    network, device = kept_network(trained, classifier=False)
    recipe = trained.recipe
    rotations = scan_rotations(recipe, device)
    for batch in batches:
        images, numbers = filled(batch.images_NSRC, recipe.scan.batch_size), batch.rows_N.tolist()
        x_N3SR = normalized(images, device)
        with _naming_images(trained):
            peaks = find_peaks(network, x_N3SR, rows=numbers, rotations=rotations, watch=watch, checked=checked)
        yield peaks, batch


@contextmanager
def _naming_images(trained: Trained) -> Iterator[None]:
    """Give a complaint about an activation the name of its image."""
    from lp_core.exemplars.peaks import ActivationError

    recipe = trained.recipe
    try:
        yield
    except ActivationError as error:
        image_id = open_dataset(recipe.data.path).rows(recipe.scan.split).image_id(error.row)
        raise DataError(f"view {trained.view}, image {image_id}: {error}") from None
