"""A directory with a model, read as its own library reads it, or refused."""
