"""What we keep: the log on disk, its keys, its anchor, its attachments, and the bundle that leaves the house."""
