"""Prefect, MLflow and one worker, on this machine and for this project only."""
