"""`bench doctor`: what this machine has, what is missing, and what will be slow and why."""
