"""The camera desk: configuration by people, ledgers, placement, health."""
