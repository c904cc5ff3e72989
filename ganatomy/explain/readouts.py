"""What is read out of a retrained GAN: name, network and meaning."""

READOUTS = {
    "g_fcd": ("generator", "Fréchet distance to real test images, evaluator features"),
    "g_frd": ("generator", "Fréchet distance to real test images, random features"),
    "d_shift": ("discriminator", "root mean square change of D's logits, in their own spread"),
    "d_separation": ("discriminator", "how well D tells held-out reals from base fakes (AUC)"),
}
