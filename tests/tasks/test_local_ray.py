"""A limit that Ray would die of is refused before it is started."""

import resource

import pytest

from lp_core.errors import ClusterError
from tasks.local_ray import start_local


def test_a_limit_of_files_sizes_is_named():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50 * 2**20, before[1]))
    try:
        with pytest.raises(ClusterError, match=r"at most 52 MB here \(`ulimit -f`\), but Ray needs one of [\d,]+ MB"):
            start_local(0, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
