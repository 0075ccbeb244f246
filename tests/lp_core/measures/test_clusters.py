"""`clusters`: channels that share images or move together form clusters, as a plain search over pairs finds them."""

import numpy as np

from lp_core.measures.clusters import channel_clusters
from tests.lp_core.measures.simulated import popular_nines


def linked_by_hand(image_CK, linked):
    """Repeatedly give linked channels the lower of their numbers."""
    cluster = list(range(len(image_CK)))
    for _ in cluster:
        for a in range(len(cluster)):
            for b in range(len(cluster)):
                if linked(a, b):
                    cluster[a] = cluster[b] = min(cluster[a], cluster[b])
    return np.unique(cluster, return_inverse=True)[1]


def test_channels_that_share_images_are_one_cluster():
    rng = np.random.default_rng(0)
    image_CK = popular_nines(25, 60, rng)
    sets = [set(row) for row in image_CK.tolist()]
    for shared in (3, 5):
        expected = linked_by_hand(image_CK, lambda a, b, least=shared: len(sets[a] & sets[b]) >= least)
        np.testing.assert_array_equal(channel_clusters(image_CK, shared=shared), expected)


def test_links_reach_through_others_and_correlation_links_too():
    image_CK = np.arange(45).reshape(5, 9)
    image_CK[1, :3], image_CK[2, :3] = image_CK[0, :3], image_CK[1, 3:6]
    assert channel_clusters(image_CK).tolist() == [0, 0, 0, 1, 2]
    correlation = np.eye(5)
    correlation[3, 4] = correlation[4, 3] = 0.81
    assert channel_clusters(image_CK, correlation).tolist() == [0, 0, 0, 1, 1]


def test_empty_places_are_shared_by_nobody():
    image_CK = np.full((3, 9), -1)
    image_CK[0, :4], image_CK[1, :4] = range(4), range(4, 8)
    assert channel_clusters(image_CK).tolist() == [0, 1, 2]
