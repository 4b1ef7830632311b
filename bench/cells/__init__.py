"""From the spec of a cell to its scores."""
