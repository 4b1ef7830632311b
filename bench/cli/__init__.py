"""The `bench` command: options in, work called, tables and messages out."""

from bench.cli.app import app, main

__all__ = ["app", "main"]
