"""Encoders that come in packages."""
