"""From texts to bitext and tasks: cleaning, splits, leaks, judgements."""
