"""The schema of a task's arguments, made from its signature."""
