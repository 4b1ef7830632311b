"""The report: one HTML page of stored results."""
