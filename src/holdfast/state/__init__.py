"""Where we stand: folds of the log, and the histories that it commits, as typed values."""
