"""Values out and in: JSON, storable text, redaction, what is shown of a job."""
