"""The options of a job."""
