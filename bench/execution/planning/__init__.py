"""What `bench plan` shows: cells and hours, what they need, what they could find."""
