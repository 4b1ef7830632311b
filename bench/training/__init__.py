"""A student is trained with the loss of a method."""
