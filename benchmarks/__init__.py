"""Benchmarks: programs that judge speed, as ratios measured side by side in one run. Tests never do."""
