"""Two processes count together what one counts alone, and both hear of the first loss that was not a number."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
import torch
import torch.multiprocessing

from lp_core.network.tally import Tally
from tasks.workers import Workers


def tally_of(rank: int) -> Tally:
    generator = torch.Generator().manual_seed(rank)
    logits_NC, label_N = torch.randn(5 + rank, 12, generator=generator), torch.arange(5 + rank)
    good = Tally.of(logits_NC, label_N, 3, torch.tensor(1.0))
    return good + Tally.of(logits_NC, label_N, 7 - rank, torch.tensor(math.inf if rank else math.nan))


def work(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    workers = Workers(rank, 2, torch.device("cpu"))
    counts, failure = workers.sum(tally_of(rank))
    union = {key: sorted(rows) for key, rows in workers.union({"train": {rank, 7}}).items()}
    workers.wait_for_all()
    torch.distributed.destroy_process_group()
    (folder / f"{rank}.json").write_text(json.dumps([vars(counts), failure, union]))


@pytest.mark.filterwarnings("ignore")  # of a machine without GPU
def test_two_count_as_one(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(work, (tmp_path,), nprocs=2)
    alone, _ = (tally_of(0) + tally_of(1)).read()
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert found[0] == found[1]
    counts, failure, union = found[0]
    assert counts == pytest.approx(vars(alone), rel=1e-12)
    assert failure == [6, math.inf]  # the second worker's, a step before the first one's
    assert union == {"train": [0, 1, 7]}


def test_one_worker_reads_its_own() -> None:
    counts, failure = Workers(0, 1, torch.device("cpu")).sum(tally_of(0))
    assert counts.images == 10
    assert failure is not None
    assert failure.step == 7
