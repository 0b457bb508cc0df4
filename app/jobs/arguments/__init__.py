"""From the signature of a function to the schema of its arguments."""
