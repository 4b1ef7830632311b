"""The questions of a cell, and what searching finds for them."""
