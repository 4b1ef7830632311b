"""The built-in retrieval tasks."""
