"""What a training step computes with: which attention, which weights, which rows of a word table."""
