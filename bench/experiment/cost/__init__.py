"""What cells cost in time, measured or assumed."""
