"""Texts that stay on disk: what holds them takes no more memory for more of them."""
