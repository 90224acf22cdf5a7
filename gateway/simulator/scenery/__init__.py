"""Brushes of the scene painter: one perspective, textures, structures, figures, weather.

World coordinates in metres: X to the right, Y away from the camera, Z up, the ground at Z = 0. Pictures are uint8
BGR. Everything random comes from a seeded generator, so a scene is the same picture on every machine.
"""
