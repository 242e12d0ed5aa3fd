"""Training, in PyTorch but for the recipes; needs the `train` extra."""
