"""`python -m gateway`: the same as the `gridpatrol` command."""

from gateway.cli.main import main

if __name__ == "__main__":  # painting scenes starts processes that import this module anew
    main()
