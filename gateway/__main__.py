"""`python -m gateway`: the same as the `gridpatrol` command."""

from gateway.cli import main

main()
