"""From vectors to ranks, and from ranks to scores."""
