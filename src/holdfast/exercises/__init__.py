"""Room: exercises."""
