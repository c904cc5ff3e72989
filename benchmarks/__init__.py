"""Speed and quality, measured: `python -m benchmarks` writes results and docs/benchmarks.md."""
