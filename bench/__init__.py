"""XLSD bench: how methods of cross-lingual retrieval distillation scale with the number of languages."""

__version__ = "0.1.0"
