"""Words: how texts are cut into them, which translate which, and texts in which some are replaced."""
