"""The report over many exercises, as one page."""
