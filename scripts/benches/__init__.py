"""What `scripts/bench` can measure: each module with a `run(argv) -> int` is a bench of that name."""
