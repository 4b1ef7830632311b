"""Is a difference real: its variance over questions and training runs, the four verdicts, and what could have been found."""
