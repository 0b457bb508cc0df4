"""The API's own description: an OpenAPI 3.1 document of its routes and of the tasks, and its page."""
