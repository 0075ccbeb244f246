"""`wordnet`: Lin similarity over the shipped tree equals a slow twin, and the tree is what the script makes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lp_core.measures import make_wordnet
from lp_core.measures.wordnet import ancestors, hypernyms, lin_similarity, unknown_wnids
from tests.reference.wordnet import lin

FOLDER = Path(make_wordnet.__file__).parent
TENCH, GOLDFISH, HEN, TABBY, PERSIAN_CAT = "n01440764", "n01443537", "n01514859", "n02123045", "n02123394"
ENTITY = "n00001740"


@pytest.fixture(scope="module")
def classes():
    """ImageNet's: the synsets that are above no other."""
    edges = hypernyms()
    return sorted(set(edges) - {parent for parents in edges.values() for parent in parents})


@pytest.fixture(scope="module")
def similarity(classes):
    return lin_similarity(classes)


def test_the_file_is_as_documented(classes):
    edges = hypernyms()
    assert len(classes) == 1000
    assert (classes[0], classes[-1]) == ("n01440764", "n15075141")
    assert len(edges) + 1 == 1860
    assert sum(map(len, edges.values())) == 1937
    assert sum(len(parents) > 1 for parents in edges.values()) == 75
    assert all(ENTITY in ancestors(wnid) for wnid in classes)
    assert unknown_wnids([TENCH, None, "n00000000"]) == [None, "n00000000"]
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in (FOLDER / "WORDNET-LICENSE").read_text()


def test_similarity_is_symmetric_and_1_of_a_class_and_itself(similarity):
    assert (similarity.diagonal() == 1).all()
    np.testing.assert_array_equal(similarity, similarity.T)
    assert similarity.min() >= 0
    assert similarity[~np.eye(1000, dtype=bool)].max() < 1


def test_random_pairs_are_hardly_similar(similarity):
    pairs = similarity[np.triu_indices(1000, 1)]
    assert pairs.mean() == pytest.approx(0.084, abs=5e-4)
    assert pairs.std() == pytest.approx(0.116, abs=5e-4)
    assert (pairs > 0.5).mean() == pytest.approx(0.015, abs=5e-4)


def test_kinds_are_as_people_see_them(classes, similarity):
    at = {wnid: index for index, wnid in enumerate(classes)}

    def of(a, b):
        return similarity[at[a], at[b]]

    assert of(TABBY, PERSIAN_CAT) > of(TABBY, TENCH) > 0
    assert of(TENCH, GOLDFISH) > of(TENCH, HEN)


@pytest.mark.parametrize("seed", range(3))
def test_similarity_equals_its_slow_twin(classes, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(classes, 25, replace=False).tolist()
    parents = hypernyms()
    expected = [[lin(a, b, chosen, parents) for b in chosen] for a in chosen]
    np.testing.assert_allclose(lin_similarity(chosen), expected, atol=1e-12)


def test_few_classes():
    assert lin_similarity([TENCH]).tolist() == [[1.0]]
    np.testing.assert_array_equal(lin_similarity([TENCH, GOLDFISH]), np.eye(2))


@pytest.mark.parametrize(("wnids", "error"), [([TENCH, "n00000000"], KeyError), ([TENCH, TENCH], ValueError)])
def test_classes_that_have_no_meaning_are_refused(wnids, error):
    with pytest.raises(error):
        lin_similarity(wnids)


def test_lines_of_wordnet_are_read():
    lines = [
        "  1 This software and database is being provided",
        "02084071 05 n 03 dog 0 domestic_dog 0 Canis_familiaris 0 003 @ 02083346 n 0000 @ 01317541 n 0000 "
        "~ 01322604 n 0000 | a member of the genus Canis; @ 99999999 n 0000",
        "02083346 05 n 01 canine 0 001 @ 01317541 n 0000 | x",
        "01317541 05 n 01 domestic_animal 0 000 | y",
        "09000000 15 n 01 Rome 0 002 @i 01317541 n 0000 #p 02083346 n 0000 | z",
    ]
    parents = make_wordnet.read_hypernyms(lines)
    assert parents == {
        "n02084071": ["n02083346", "n01317541"],
        "n02083346": ["n01317541"],
        "n01317541": [],
        "n09000000": ["n01317541"],
    }
    assert make_wordnet.closure(["n02084071"], parents) == [
        ("n02084071", "n02083346"),
        ("n02084071", "n01317541"),
        ("n02083346", "n01317541"),
    ]
    with pytest.raises(ValueError, match="the first is n1"):
        make_wordnet.closure(["n1"], parents)


@pytest.mark.skipif(not make_wordnet.DATA.exists(), reason=f"{make_wordnet.DATA} is absent (apt: wordnet-base)")
def test_the_file_can_be_made_again(tmp_path):
    committed, again = FOLDER / "wordnet_hypernyms.txt", tmp_path / "again.txt"
    command = [sys.executable, "-m", "lp_core.measures.make_wordnet", str(committed), str(again)]
    subprocess.run(command, check=True, cwd=FOLDER.parents[1], capture_output=True)
    assert again.read_bytes() == committed.read_bytes()
