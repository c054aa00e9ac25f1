"""What happened: events, their canonical bytes, the Merkle tree over them, signed checkpoints, and verification."""
