"""What is declared: YAML text to frozen types and findings, each with its file and line."""
