"""What runs beside the pipeline: set-up, servers, and the code of registered models."""
