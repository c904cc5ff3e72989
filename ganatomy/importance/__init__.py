"""What retraining tells: how much each changed feature of the data moves G and D."""
