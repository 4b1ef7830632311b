"""What the others are measured against: floor and ceiling."""
