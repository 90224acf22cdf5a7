"""Training of the project's own small models; needs PyTorch, which nothing else here needs."""
