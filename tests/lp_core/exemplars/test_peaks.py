"""`peaks` finds each channel's largest activation and its position, as a loop over all activations does."""

import copy

import pytest
import torch

from lp_core.exemplars.peaks import ActivationError, find_peaks
from lp_core.network.layers import conv_channels, conv_layers
from tests.reference.peaks import is_untouched
from tests.reference.peaks import peaks as reference_peaks

LAYOUTS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


def listed(peaks) -> list[list[tuple[float, int, int]]]:
    return [
        [(value, *position) for value, position in zip(values, positions, strict=True)]
        for values, positions in zip(peaks.value_NC.tolist(), peaks.position_NC2.tolist(), strict=True)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("angle_padding", ["zeros", "circular"])
@pytest.mark.parametrize("shape_SR", [(32, 32), (37, 50)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_equal_to_looking_at_every_activation(
    random_network, random_images, layout, angle_padding, shape_SR, dtype
) -> None:
    network = random_network(1 / 32, angle_padding, dtype).to(memory_format=LAYOUTS[layout])
    x_N3SR = random_images(4, *shape_SR, dtype=torch.float64).to(dtype).to(memory_format=LAYOUTS[layout])
    assert listed(find_peaks(network, x_N3SR)) == reference_peaks(network, x_N3SR)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("value", [0.0, 1.0, -2.0])
def test_of_equal_activations_the_first_counts(random_network, layout, value) -> None:
    """A constant image gives whole regions of equal activations."""
    network = random_network().to(memory_format=LAYOUTS[layout])
    x_N3SR = torch.full((3, 3, 48, 48), value).to(memory_format=LAYOUTS[layout])
    found = find_peaks(network, x_N3SR)
    assert listed(found) == reference_peaks(network, x_N3SR)
    assert torch.equal(found.value_NC[0], found.value_NC[2])
    assert torch.equal(found.position_NC2[0], found.position_NC2[2])


def test_channels_come_layer_after_layer(random_network, random_images) -> None:
    found = find_peaks(random_network(1 / 16), random_images(3, 32, 32))
    assert found.value_NC.shape == (3, sum(conv_channels(1 / 16).values()))
    assert (found.value_NC.dtype, found.position_NC2.dtype) == (torch.float32, torch.int32)


def test_a_dead_channel_has_no_position(random_network, random_images) -> None:
    network = random_network()
    with torch.no_grad():
        network.features[0].bias[1] = -1e6
    found = find_peaks(network, random_images(3, 32, 32))
    assert (found.value_NC[:, 1] == 0).all()
    assert (found.position_NC2[:, 1] == -1).all()


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "NaN"), (float("inf"), "infinite")])
@pytest.mark.parametrize("layer", ["conv1_2", "conv3_1", "conv5_3"])
def test_what_is_not_a_number_is_refused_by_layer_and_row(random_network, random_images, layer, value, word) -> None:
    network = random_network()
    with torch.no_grad():
        network.features[conv_layers()[layer]].bias[0] = value
    with pytest.raises(ActivationError, match=f"{layer} has {word}.* row 71;"):
        find_peaks(network, random_images(3, 32, 32), rows=[71, 72, 73])


def test_the_image_that_is_broken_is_named(random_network, random_images) -> None:
    x_N3SR = random_images(4, 32, 32)
    x_N3SR[2, 0, 5, 5] = float("nan")
    with pytest.raises(ActivationError, match="conv1_1 has NaN activations for image 2 of the batch"):
        find_peaks(random_network(), x_N3SR)


def test_images_that_fill_up_the_batch_are_left_out(random_network, random_images) -> None:
    network, x_N3SR = random_network(), random_images(5, 32, 32)
    whole = find_peaks(network, x_N3SR)
    x_N3SR[3:] = float("nan")
    part = find_peaks(network, x_N3SR, rows=[0, 1, 2])
    assert torch.equal(part.value_NC, whole.value_NC[:3])
    assert torch.equal(part.position_NC2, whole.position_NC2[:3])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_image_has_the_same_peaks_in_any_company(random_network, random_images, layout) -> None:
    """Bit for bit, in batches of one size: what a scan's independence of the division into tasks rests on."""
    network = random_network(1 / 8).to(memory_format=LAYOUTS[layout])
    x_N3SR = random_images(12, 64, 64).to(memory_format=LAYOUTS[layout])
    alone = find_peaks(network, torch.cat([x_N3SR[:1], torch.zeros(7, 3, 64, 64)]), rows=[0])
    first = find_peaks(network, x_N3SR[:8])
    last = find_peaks(network, x_N3SR[[9, 10, 11, 8, 7, 6, 5, 0]])
    assert torch.equal(first.value_NC[0], alone.value_NC[0])
    assert torch.equal(first.value_NC[0], last.value_NC[7])
    assert torch.equal(first.position_NC2[0], last.position_NC2[7])


def test_network_and_images_stay_as_they_were(random_network, random_images) -> None:
    network, x_N3SR = random_network(), random_images(3, 32, 32)
    state, image = copy.deepcopy(network.state_dict()), x_N3SR.clone()
    find_peaks(network, x_N3SR)
    assert torch.equal(x_N3SR, image)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert is_untouched(network)
