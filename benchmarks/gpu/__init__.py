"""Every GPU test and every GPU benchmark, in pieces, with no need of the pipeline."""
