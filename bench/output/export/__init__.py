"""A student, written for other libraries."""
