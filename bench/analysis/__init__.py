"""From stored scores to statements: means, intervals, tests, slopes."""
