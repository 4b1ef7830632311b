"""Worker processes of this machine: how they start, talk and end."""
