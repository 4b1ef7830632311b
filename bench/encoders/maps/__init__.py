"""Maps between spaces of vectors, in closed form."""
