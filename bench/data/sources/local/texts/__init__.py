"""What can be seen of texts without knowing their language."""
