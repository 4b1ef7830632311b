"""The pictures of the page for a paper."""
