"""What is to be run, and what lies stored: profile, grid, keys, plan, results on disk."""
