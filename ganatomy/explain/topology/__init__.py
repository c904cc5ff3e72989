"""The topology of what G makes, of activation maps and of latent space."""
