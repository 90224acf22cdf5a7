"""What is watched: regions, grids, cameras, zones and rules; typed and validated."""
