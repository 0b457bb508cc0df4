"""The pages, and the programs that make some of them."""
