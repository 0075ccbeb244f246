"""What turns photographs into vectors: a trained network of ours, or a function of the user's.

Each is small and picklable, and takes uint8 images [N, H, W, 3] in batches of one size, filled up with black ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from lp_core.errors import SettingError
from lp_core.fingerprint import checksum
from lp_core.images.network_input import log_polar_map
from lp_core.measures.embeddings import check_embedding_function, checked_embedding
from tasks.imported_function import blamed, imported_function, imported_module
from tasks.networks import Trained, kept_network

KIND = "embedding"
BATCH = 32
"""Images of each call of a user's function. Source: our choice."""


class Embedder(Protocol):
    """Turns images into vectors; an image's vector does not depend on the images beside it."""

    @property
    def size(self) -> int:
        """Side in px of the images that it takes."""
        ...

    @property
    def batch_size(self) -> int:
        """Images that it takes at once."""
        ...

    @property
    def identity(self) -> list[str]:
        """Everything that the vectors depend on besides the images."""
        ...

    def embed(self, images_NHWC: np.ndarray) -> np.ndarray:
        """Return float32 [N, D]."""
        ...


@dataclass(frozen=True)
class NetworkEmbedder:
    """The last convolution of a trained network after ReLU and pool, averaged over all positions.

    The mean over positions tells images apart better than the classifier's layers do, which know little but the class,
    and needs no classifier. A network of the log-polar view warps the same pixels itself. Networks under study must not
    judge their own channels: give one of another seed.

    Args:
        trained: the network.

    Source: Babenko & Lempitsky 2015, "Aggregating deep convolutional features for image retrieval" (sum pooling).
    """

    trained: Trained

    @property
    def size(self) -> int:
        """That of the network's input."""
        return self.trained.recipe.geometry.size

    @property
    def batch_size(self) -> int:
        """That of a scan."""
        return self.trained.recipe.scan.batch_size

    @property
    def identity(self) -> list[str]:
        """The weights, and the map of a log-polar network."""
        geometry = repr(self.trained.recipe.geometry) if self.trained.view == "log_polar" else ""
        return [self.trained.view, self.trained.weights, geometry, str(self.batch_size)]

    def embed(self, images_NHWC: np.ndarray) -> np.ndarray:
        """Return float32 [N, channels of conv5_3]."""
        import torch

        from lp_core.network.inputs import normalized
        from lp_core.network.stack import Stack

        network, device = kept_network(self.trained, classifier=False)
        if self.trained.view == "log_polar":
            images_NHWC = log_polar_map(self.trained.recipe.geometry).warp(images_NHWC)
        with torch.inference_mode():
            return Stack.of(network).last_map(normalized(images_NHWC, device)).mean((2, 3)).cpu().numpy()


@dataclass(frozen=True)
class ImportedEmbedder:
    """A function of the user's: uint8 [N, size, size, 3] RGB to float32 [N, D]. Make it with `imported_embedder`.

    Args:
        name: MODULE:FUNCTION.
        size: side of the images in px.
        folder: where the command that named it runs. Other nodes must see the module there, in a job's own folder
            (`submit` sends it), or on Python's path.
        code: SHA-256 of the module's file.
    """

    name: str
    size: int
    folder: str
    code: str

    @property
    def batch_size(self) -> int:
        """One size for all calls."""
        return BATCH

    @property
    def identity(self) -> list[str]:
        """The name and the module's code; what the module reads is the user's care."""
        return [self.name, self.code, str(self.size), str(BATCH)]

    def embed(self, images_NHWC: np.ndarray) -> np.ndarray:
        """Return what the function returns.

        Raises:
            SettingError: it cannot be imported here, fails, or returns something else.
        """
        function = imported_function(self.name, KIND, self.folder)
        try:
            result = function(images_NHWC)
        except Exception as error:  # a user's code may raise anything
            raise SettingError(f"{KIND} {self.name}: {blamed(error)}") from error
        return checked_embedding(result, len(images_NHWC), self.name)


def imported_embedder(name: str, size: int) -> ImportedEmbedder:
    """Import a user's function, try it on random images, and return it as an embedder.

    Args:
        name: MODULE:FUNCTION, from the current folder or Python's path.
        size: side in px of the images that it is given.

    Raises:
        SettingError: it cannot be imported, fails, or returns what measures cannot rest on; one line says which.
    """
    imported_function(name, KIND)
    module_file = imported_module(name, KIND).__file__
    code = checksum(Path(module_file).read_bytes()) if module_file else ""
    embedder = ImportedEmbedder(name, size, str(Path.cwd()), code)
    check_embedding_function(embedder.embed, size, BATCH, name)
    return embedder
