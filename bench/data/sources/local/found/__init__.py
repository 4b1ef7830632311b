"""Which files of a folder hold what, by their names alone."""
