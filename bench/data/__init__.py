"""Texts: languages, the sources they come from, and the suite (bitext and tasks) that is made of them."""
