"""GANs that were trained elsewhere: what describes them, how they are loaded, what they answer."""
