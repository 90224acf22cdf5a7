"""Everything that runs: cameras in, events out, people in front."""
