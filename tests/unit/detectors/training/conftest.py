"""What needs PyTorch is collected only where it is installed: it is no dependency of the project's own."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["test_batches.py", "test_export.py", "test_loss.py", "test_network.py"]
