"""Methods that show what a gain is made of: other pairs, other plans, other encoders."""
