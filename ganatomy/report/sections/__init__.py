"""The sections of the page: one module and one template beside it for each stage's result."""
