"""The ticker's duties, one file each: a duty runs once, and answers in how many seconds it is due again."""
