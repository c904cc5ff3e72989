"""Learners of rules, each a function of concepts and decisions to rules: see `learner`."""
