"""The query is translated, and the teacher searches."""
