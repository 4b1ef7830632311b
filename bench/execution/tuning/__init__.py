"""Dev trials: what they try, and the shipped lists of them."""
