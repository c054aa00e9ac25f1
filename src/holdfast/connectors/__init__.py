"""How we touch a target: one small file for each way in, each with its deadlines. Nothing here decides or records."""
