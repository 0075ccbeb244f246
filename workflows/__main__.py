"""`python -m workflows VERB ...`: the form used after `ray job submit ... --`."""

from workflows.cli import main

main()
