"""What is inside a trained network: from a model, images and layer names to arrays and tables."""
