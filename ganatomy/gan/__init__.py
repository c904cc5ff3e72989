"""Generator, discriminator, their losses and their training."""
