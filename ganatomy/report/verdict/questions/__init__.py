"""One module for each question, or two: the result of a study and the gate in, clauses out."""
