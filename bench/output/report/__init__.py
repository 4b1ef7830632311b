"""The report: one HTML page that holds an experiment, and the pictures and the table of a paper beside it."""
