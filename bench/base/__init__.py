"""The ground: errors, paths, files, JSON, YAML, ragged arrays. Knows nothing of languages or models."""
