"""How well we did: timestamps, clocks and the whole judgement of an exercise, from the log alone."""
