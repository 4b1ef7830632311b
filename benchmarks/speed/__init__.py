"""The bench against what people would use instead, on the same work in one run: `python -m benchmarks.speed --out FOLDER`."""
