"""The reference governance platform: verifies, stores, shows and answers."""
