"""Readers: of pinned packages, of folders on disk, of the hubs."""
