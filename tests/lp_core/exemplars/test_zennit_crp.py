"""The nine against zennit-crp's exact mode, where it is installed (`pip install --no-deps zennit==0.4.6
zennit-crp==0.6.0`): the peer that finds the strongest images of all layers in one pass, too."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lp_core.exemplars.peaks import find_peaks
from lp_core.exemplars.top_k import EMPTY, TopK
from lp_core.network.layers import conv_channels, conv_layers

maximization = pytest.importorskip("crp.maximization")
concepts = pytest.importorskip("crp.concepts")

WIDTH, IMAGES, BATCH = 1 / 16, 96, 16


def test_images_places_and_activations_are_the_same(random_network, random_images, tmp_path) -> None:
    network = random_network(WIDTH)
    x_N3SR = random_images(IMAGES, 40, 40)
    top_k = TopK.empty(sum(conv_channels(WIDTH).values()))
    features = copy.deepcopy(network.features)
    for module in features:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    peer = maximization.Maximization("activation", "max", False, str(tmp_path))
    for start in range(0, IMAGES, BATCH):
        rows = np.arange(start, start + BATCH)
        batch = x_N3SR[start : start + BATCH]
        top_k = top_k.push(find_peaks(network, batch, rows=rows.tolist()), rows.tolist())
        with torch.no_grad():
            y = batch
            for index, module in enumerate(features):
                y = module(y)
                for layer, convolution in conv_layers().items():
                    if index == convolution:  # zennit-crp looks before the ReLU
                        peer.analyze_layer(y, concepts.ChannelConcept(), layer, rows, np.zeros(BATCH))
    first = compared = 0
    for layer, channels in conv_channels(WIDTH).items():
        value_KC, row_KC, place_KC = peer.rel_c_sorted[layer], peer.d_c_sorted[layer], peer.rf_c_sorted[layer]
        cols = 40 // 2 ** (int(layer[4]) - 1)
        for channel in range(channels):
            ours = first + channel
            taken = int((top_k.row_CK[ours] != EMPTY).sum())
            compared += taken
            value, row, place = (np.asarray(found[:taken, channel]) for found in (value_KC, row_KC, place_KC))
            np.testing.assert_array_equal(value.astype(np.float32), top_k.value_CK[ours, :taken])
            np.testing.assert_array_equal(row, top_k.row_CK[ours, :taken])
            unit_row, unit_col = top_k.position_CK2[ours, :taken].T
            np.testing.assert_array_equal(place, unit_row * cols + unit_col)
            # It fills the places that nothing activates with images that do not activate the channel either.
            assert (np.asarray(value_KC[taken:9, channel]) <= 0).all()
        first += channels
    assert compared > 0.8 * 9 * first
