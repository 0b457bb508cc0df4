"""How threads start and end in a process."""
