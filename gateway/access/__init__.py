"""Accounts, sessions, roles and the grids a person may see."""
