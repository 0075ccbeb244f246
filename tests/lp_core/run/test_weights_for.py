"""`weights_for`: a file fills a network of the user's own, or says what it has beyond it."""

import pytest
import torch

from lp_core.errors import DataError
from lp_core.run.weight_sets import weights_for

OWN = {"0.weight": torch.ones(4, 3, 3, 3), "0.bias": torch.ones(4), "1.num_batches_tracked": torch.tensor(3)}


@pytest.mark.parametrize(
    "around", [lambda own: own, lambda own: {"model": own, "lr_scheduler": {"last": torch.ones(2)}}]
)
def test_what_lies_beside_the_network_does_not_matter(around):
    found = weights_for(around(OWN), OWN, "a.pth")
    assert sorted(found) == ["0.bias", "0.weight"]


@pytest.mark.parametrize("around", [lambda own: own, lambda own: {"model": own}])
def test_tensors_beyond_the_network_are_refused_by_name(around):
    with pytest.raises(DataError, match=r"^a.pth: holds '(model\.)?2.weight', which the network does not have"):
        weights_for(around(OWN | {"2.weight": torch.ones(4, 4, 3, 3)}), OWN, "a.pth")
