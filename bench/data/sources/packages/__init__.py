"""Packages that are downloaded, checked by hash and only read."""
