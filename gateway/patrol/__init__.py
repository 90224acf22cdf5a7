"""Patrols by video and on foot: plans, rounds, tasks, and a fresh look at what was handled."""
