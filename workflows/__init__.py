"""What a person, or `ray job submit`, starts."""

import sys
from pathlib import Path


def _take_own_packages() -> None:
    """Import `lp_core` and `tasks` from beside this package, so that no module of the same name can take their place.

    `python -m workflows` puts the current folder first in the search for modules, PYTHONPATH comes next, and people do
    have a `tasks.py`. Modules inside a package are found through the package.
    """
    root = str(Path(__file__).resolve().parents[1])
    sys.path.insert(0, root)
    try:
        import lp_core
        import tasks
    finally:
        sys.path.remove(root)
    for package in (lp_core, tasks):
        file = str(package.__file__ or next(iter(package.__path__)))
        if Path(file).resolve().parents[1] != Path(root):
            sys.exit(f"logpolar: {file} was imported as {package.__name__} before this program started; rename it")


_take_own_packages()
