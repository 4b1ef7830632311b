"""Published folders: results that others can check and go on from."""
