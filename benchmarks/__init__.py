"""What is fast, measured: ours, the stock way and the raw limit in one run, as ratios."""
