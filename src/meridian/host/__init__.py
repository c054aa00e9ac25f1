"""A host of the range: a process that is PID 1 of its own namespaces and supervises the units that run there."""
