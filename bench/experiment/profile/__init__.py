"""One YAML file that describes an experiment: its sections, how a file is read, and how data of its own is checked."""
