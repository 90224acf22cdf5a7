"""How good the detection is, on recordings of which somebody wrote down what they show."""
