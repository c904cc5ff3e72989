"""When, where, how often and on what record: Prefect, the DVC adapter and MLflow. No maths."""
