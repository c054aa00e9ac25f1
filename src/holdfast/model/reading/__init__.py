"""The readers of a declaration's sections, one file a subject: nodes in, frozen types out, everything wrong told."""
