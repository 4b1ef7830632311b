"""Documents on disk: more than fit into memory."""
