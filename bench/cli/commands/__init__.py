"""The commands, one module a panel of `bench --help`. Each collects its options and calls the part that does the work."""
