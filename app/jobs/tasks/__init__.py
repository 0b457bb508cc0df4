"""What a task is: a registered function with the defaults of its jobs."""
