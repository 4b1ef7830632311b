"""`python -m bench.cli`, for where the script `bench` is not on the path."""

from bench.cli.app import main

main()
