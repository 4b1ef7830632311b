"""Raw states of texts, on disk."""
