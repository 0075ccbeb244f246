"""The `logpolar` command: of another name than the packages, so that a `workflows.py` on PYTHONPATH is not meant."""

import sys
from pathlib import Path


def main() -> None:
    """Run `workflows.cli` from beside this file."""
    root = str(Path(__file__).resolve().parent)
    sys.path.insert(0, root)
    try:
        from workflows.cli import main as run
    finally:
        sys.path.remove(root)
    run()


if __name__ == "__main__":
    main()
