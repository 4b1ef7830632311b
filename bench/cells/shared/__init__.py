"""What all cells of an experiment share, each part made once."""
