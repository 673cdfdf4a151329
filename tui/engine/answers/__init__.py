"""What becomes of each command: one short function each, by what it is about."""
