"""Terms of the GAN, its training, and the quality of its images."""

from ganatomy.report.terms.term import COPYING, THE_GAN, THE_QUALITY, THE_TRAINING, Term

TERMS = (
    Term(
        *(THE_GAN, "gan", "GAN"),
        "Two networks that learn against each other: one makes images, the other tells them from "
        "real ones.",
        spellings=("GAN", "GANs"),
    ),
    Term(
        *(THE_GAN, "generator", "generator"),
        "The network that makes images from random numbers.",
        symbol="G",
        spellings=("generator", "generators"),
    ),
    Term(
        *(THE_GAN, "discriminator", "discriminator"),
        "The network that says how real an image looks to it.",
        symbol="D",
        spellings=("discriminator", "discriminators"),
    ),
    Term(
        *(THE_GAN, "latent", "latent"),
        "The random numbers from which the generator makes one image; z28 is the 28th of them.",
        symbol="z",
        spellings=("latent", "latents"),
    ),
    Term(
        *(THE_GAN, "direction", "learned direction"),
        "A way through the latents along which the generator's images change most; a step is one "
        "standard deviation.",
        spellings=("learned direction", "learned directions"),
    ),
    Term(
        *(THE_GAN, "logit", "logit"),
        "The discriminator's answer to one image: the higher, the more it takes the image for "
        "real. Where its 0 lies is up to the training, so compare logits with each other.",
        spellings=("logit", "logits"),
    ),
    Term(
        *(THE_GAN, "ema", "moving average of the generator"),
        "The mean of the generator's weights over the last steps, which makes steadier images than "
        "the weights of any one step; it is what is published.",
        symbol="EMA",
        spellings=("EMA", "moving average"),
    ),
    Term(
        *(THE_GAN, "fake", "generated image"),
        "An image that the generator has made.",
        others=("fakes",),
        spellings=("fake", "fakes"),
    ),
    Term(
        *(THE_GAN, "real", "real image"),
        "An image of the data set.",
        others=("reals",),
        spellings=("reals",),
    ),
    Term(
        *(THE_TRAINING, "held_out", "held-out image"),
        "A real image that was kept apart, and that the GAN has never seen.",
        spellings=("held-out",),
    ),
    Term(
        *(THE_TRAINING, "step", "step"),
        "One change of the weights, from one batch of images.",
    ),
    Term(
        *(THE_TRAINING, "epoch", "epoch"),
        "As many steps as it takes to see every training image once.",
        spellings=("epoch", "epochs"),
    ),
    Term(
        *(THE_TRAINING, "kimg", "thousands of images"),
        "How many thousand real images the discriminator has been shown.",
        symbol="kimg",
        spellings=("kimg",),
    ),
    Term(
        *(THE_TRAINING, "eval_mode", "eval mode"),
        "How a network runs after training: its layers use the statistics that were saved. In "
        "train mode, BatchNorm uses those of the images that it is given together.",
        spellings=("eval mode",),
    ),
    Term(
        *(THE_TRAINING, "probe", "probe"),
        "A measurement during the training, with the same latents each time.",
        spellings=("probe", "probes"),
    ),
    Term(
        *(THE_TRAINING, "diversity", "diversity"),
        "How different the generated images are from each other; near 0, all are alike.",
        others=("train/diversity",),
    ),
    Term(
        *(THE_TRAINING, "collapse", "collapse"),
        "The generator makes nearly the same image from all random numbers.",
        spellings=("collapse", "collapsed"),
    ),
    Term(
        *(THE_TRAINING, "seed", "seed"),
        "The number that all chance in a run comes from: the same seed gives the same bytes "
        "with the same commit, packages, device and threads.",
        spellings=("seed", "seeds"),
    ),
    Term(
        *(THE_QUALITY, "evaluator", "evaluator"),
        "A small network, trained on your data to tell its classes, in whose features images are "
        "compared; figures compare only where it is the same.",
        spellings=("evaluator",),
    ),
    Term(
        *(THE_QUALITY, "features", "features of an image"),
        "Numbers by which a network describes an image; alike images have alike features.",
    ),
    Term(
        *(THE_QUALITY, "fcd", "distance to real images"),
        "How far means and spreads of the generated images' features are from those of real "
        "ones; lower is better, and what real images have among themselves is the best "
        "that can be reached.",
        symbol="FCD",
        others=("g_fcd", "train/fcd"),
        spellings=("FCD", "fcd", "Fréchet distance"),
    ),
    Term(
        *(THE_QUALITY, "fid", "distance to real images by Inception"),
        "The same distance in the features of a network trained on ImageNet, as papers report it.",
        symbol="FID",
        others=("fcd_inception", "fid_inception"),
        spellings=("FID",),
    ),
    Term(
        *(THE_QUALITY, "kid", "kernel distance"),
        "Another distance between generated and real images' features, which also sees what means "
        "and spreads do not; its estimate may be below 0, and then says: no difference seen.",
        symbol="KID",
        others=("kid_inception", "g_kcd"),
        spellings=("KID", "kid"),
    ),
    Term(
        *(THE_QUALITY, "precision", "plausibility"),
        "Share of generated images that lie where real images are.",
        symbol="precision",
        others=("precision_inception", "g_precision"),
        spellings=("precision",),
    ),
    Term(
        *(THE_QUALITY, "recall", "variety"),
        "Share of real images that lie where generated images are: what the generator could make.",
        symbol="recall",
        others=("recall_inception", "g_recall"),
        spellings=("recall",),
    ),
    Term(
        *(THE_QUALITY, "density", "density"),
        "How closely real images surround the generated ones; 1 is as among real images.",
        others=("density_inception",),
        spellings=("density",),
    ),
    Term(
        *(THE_QUALITY, "coverage", "coverage"),
        "Share of real images that have a generated image next to them.",
        others=("coverage_inception", "g_coverage"),
        spellings=("coverage",),
    ),
    Term(
        *(THE_QUALITY, "floor", "real images among themselves"),
        "The same figure between two sets of real images: what a perfect generator would reach.",
        symbol="floor",
        spellings=("floor", "floors"),
    ),
    Term(
        *(THE_QUALITY, "jensen_shannon", "difference of class shares"),
        "How far the shares of the classes are from those of the data: 0 is equal, 1 bit has "
        "nothing in common.",
        symbol="Jensen–Shannon divergence",
        spellings=("Jensen–Shannon divergence",),
    ),
    Term(
        *(THE_QUALITY, "total_variation", "share that would have to change class"),
        "How many of 100 generated images would have to be of another class for the classes to be "
        "as frequent as in the data.",
        symbol="total variation",
        others=("g_class_shift",),
    ),
    Term(
        *(COPYING, "c_t", "nearness to the training images"),
        "Whether generated images are nearer to the training images (far below 0, as copies are) "
        "or farther (far above 0) than held-out ones, by ranks: how certain it is, not how far; it "
        "grows with the sample.",
        symbol="C_T",
        spellings=("C_T",),
    ),
    Term(
        *(COPYING, "authenticity", "authenticity"),
        "Share of images that are farther from their nearest training image than that one is from "
        "its own neighbour.",
        spellings=("authenticity",),
    ),
    Term(
        *(COPYING, "memorising", "knowing by heart"),
        "To answer by what was seen in training, not by what such images have in common.",
        symbol="memorising",
        spellings=("memorises", "memorise"),
    ),
)
