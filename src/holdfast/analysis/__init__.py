"""What could happen: the structure of a declaration read as a circuit, and what that circuit shows to be weak."""
