"""Terms of what is found about a GAN, how sure it is, and where it is recorded."""

from ganatomy.report.terms.term import MAPS, STATISTICS, THE_FEATURES, THE_RECORD, Term

TERMS = (
    Term(
        *(THE_FEATURES, "feature", "feature of the data"),
        "Something that images have and that can be changed in all of them: contrast, a region, "
        "the thickness of strokes, a class.",
    ),
    Term(
        *(THE_FEATURES, "variant", "variant of the data"),
        "The data set with one feature changed in every image.",
        spellings=("variant", "variants"),
    ),
    Term(
        *(THE_FEATURES, "nulls", "retrained on unchanged data"),
        "GANs that were trained anew on the same images in another order: how far they differ is "
        "the noise that an effect has to exceed.",
        symbol="nulls",
        others=("null",),
        spellings=("nulls", "null"),
    ),
    Term(
        *(THE_FEATURES, "effect", "effect"),
        "How much a figure differs from that of GANs that were retrained on unchanged data.",
    ),
    Term(
        *(THE_FEATURES, "readout", "figure of a retrained GAN"),
        "One number that is measured on every GAN that was trained anew.",
        symbol="readout",
        spellings=("readout", "readouts"),
    ),
    Term(
        *(THE_FEATURES, "frd", "distance in random features"),
        "Distance to held-out images in the features of a network that was not trained.",
        symbol="FRD",
        others=("g_frd",),
        spellings=("FRD", "distance in random features"),
    ),
    Term(
        *(THE_FEATURES, "fld", "distance in brightness, contrast and sharpness"),
        "Distance to held-out images in what can be said of each part of the image without a "
        "network.",
        symbol="FLD",
        others=("g_fld",),
        spellings=("FLD",),
    ),
    Term(
        *(THE_FEATURES, "krd", "kernel distance in random features"),
        "Kernel distance to held-out images in the features of a network that was not trained.",
        symbol="KRD",
        others=("g_krd",),
        spellings=("KRD", "kernel distance in random features"),
    ),
    Term(
        *(THE_FEATURES, "d_separation", "how well D separates"),
        "How often the retrained discriminator gives a held-out real image a higher logit than a "
        "generated one; one half is chance.",
        symbol="AUC",
        others=("d_auc",),
    ),
    Term(
        *(THE_FEATURES, "d_contrast", "D's preference for the feature"),
        "How much higher the retrained discriminator's logit is for images that have the feature "
        "than for the same images without it.",
    ),
    Term(
        *(THE_FEATURES, "d_shift", "change of D's logits"),
        "How far the retrained discriminator's answers to the same images moved.",
    ),
    Term(
        *(THE_FEATURES, "d_logit_change", "change of D's logit without retraining"),
        "How far the discriminator that was published moves its answer when the feature is changed "
        "in an image.",
    ),
    Term(
        *(THE_FEATURES, "d_auc_drop", "loss of D's separation without retraining"),
        "How much worse the discriminator that was published tells changed real images from "
        "generated ones.",
    ),
    Term(
        *(MAPS, "map", "map"),
        "A picture of the image's size that says how much each place raises or lowers a network's "
        "answer.",
        others=("heatmap",),
    ),
    Term(
        *(MAPS, "convolution", "convolution"),
        "A layer that looks for the same patterns at every place of the image; the 1st one sees "
        "small details, later ones larger parts.",
        spellings=("convolution", "convolutions"),
    ),
    Term(
        *(MAPS, "channel", "channel"),
        "One of the patterns that a layer looks for, with its strength at each place.",
        others=("unit",),
        spellings=("channel", "channels"),
    ),
    Term(
        *(MAPS, "gradcam", "Grad-CAM"),
        "A map from the channels of one layer, each weighted by how much the answer reacts to it "
        "in the mean over all places.",
        spellings=("Grad-CAM",),
    ),
    Term(
        *(MAPS, "class_activation_map", "class activation map"),
        "A map made from what the channels of one layer find, each weighted by what it does to the "
        "answer; Grad-CAM and HiResCAM are such maps.",
        symbol="CAM",
        spellings=("class activation map", "class activation maps"),
    ),
    Term(
        *(MAPS, "hirescam", "HiResCAM"),
        "A map as Grad-CAM makes it, but with the reaction of each place by itself.",
        spellings=("HiResCAM",),
    ),
    Term(
        *(MAPS, "integrated_gradients", "integrated gradients"),
        "A map that adds up how the answer reacts to each pixel on the way from a blurred image to "
        "the image.",
        others=("integrated gradients",),
        spellings=("integrated gradients", "Integrated gradients"),
    ),
    Term(
        *(MAPS, "occlusion", "occlusion"),
        "A map of how much the answer changes when a small window of the image is hidden.",
        spellings=("occlusion", "Occlusion"),
    ),
    Term(
        *(MAPS, "lime", "LIME"),
        "Hides parts of an image many times at random and fits a simple sum of the parts to the "
        "answers.",
        spellings=("LIME",),
    ),
    Term(
        *(MAPS, "surrogate", "surrogate"),
        "A simple sum that is fitted to a network's answers to images like one image, and is read "
        "in the network's place.",
        spellings=("surrogate", "surrogates"),
    ),
    Term(
        *(MAPS, "baseline", "baseline"),
        "What is put where a part of an image is hidden: a blurred copy, a grey, or the mean "
        "image.",
        spellings=("baseline", "baselines"),
    ),
    Term(
        *(MAPS, "submodular_pick", "submodular pick"),
        "A few images chosen so that together they show as much as possible of what was found in "
        "all.",
        spellings=("submodular pick",),
    ),
    Term(
        *(MAPS, "iou", "overlap with the region"),
        "Pixels that are both in the region and among the map's largest, as a share of those that "
        "are in either: 1 is the same place, 0 has nothing in common.",
        symbol="IoU",
        spellings=("IoU",),
    ),
    Term(
        *(MAPS, "r2", "share of the answers that the sum accounts for"),
        "How well LIME's simple sum foretells answers that it was not fitted to: 1 is exactly, 0 "
        "no better than the mean.",
        symbol="R²",
        spellings=("R²",),
    ),
    Term(
        *(MAPS, "faithful", "faithful"),
        "Removing what a map calls important changes the answer more than removing what a random "
        "map, or the map of another image, calls important.",
        spellings=("faithful",),
    ),
    Term(
        *(MAPS, "stable", "stable"),
        "A map stays nearly the same with another seed and with a little noise in the image.",
    ),
    Term(
        *(MAPS, "sane", "sane"),
        "A map of a network with random weights looks different, so the map tells of what the "
        "network has learned.",
    ),
    Term(
        *(MAPS, "road", "removal by filling in"),
        "Pixels are removed by painting in what stands around them, and the change of the answer "
        "is measured.",
        symbol="ROAD",
        spellings=("ROAD",),
    ),
    Term(
        *(MAPS, "insertion_deletion", "insertion minus deletion"),
        "Answer while the most important pixels are shown first, minus the answer while they are "
        "hidden first.",
        others=("insertion minus deletion",),
        spellings=("insertion minus deletion", "Insertion minus deletion"),
    ),
    Term(
        *(MAPS, "infidelity", "infidelity"),
        "How badly a map foretells what hiding a rectangle does: 0 is exactly, 1 is as if there "
        "were no map.",
        spellings=("infidelity", "Infidelity"),
    ),
    Term(
        *(MAPS, "concept", "concept"),
        "Something that can be measured in an image, as brightness or thickness, and read from the "
        "evaluator's features.",
        spellings=("concept", "concepts"),
    ),
    Term(
        *(STATISTICS, "interval", "interval"),
        "Where the true figure lies in 95 of 100 such measurements.",
        symbol="95 % interval",
    ),
    Term(
        *(STATISTICS, "t", "certainty"),
        "The effect divided by the error that it would have if nothing had been changed; large "
        "means certain, not important.",
        symbol="|t|",
        spellings=("|t|",),
    ),
    Term(
        *(STATISTICS, "p", "p-value"),
        "How often chance alone would give an effect at least as large.",
        symbol="p",
        others=("p_value",),
        spellings=("p-value", "p-values"),
    ),
    Term(
        *(STATISTICS, "q", "share of false finds"),
        "If everything with this q or a smaller one is called a find, at most this share of the "
        "finds is expected to be false.",
        symbol="q",
        spellings=("q",),
    ),
    Term(
        *(STATISTICS, "permuted", "permutation test"),
        "How often an effect as large comes about when the labels changed and unchanged are dealt "
        "out anew among the GANs; it assumes nothing of how figures are distributed.",
        symbol="permuted",
        spellings=("permuted", "permutation test"),
    ),
    Term(
        *(STATISTICS, "spread", "spread"),
        "How far values lie from each other, given as their standard deviation; an effect of 2 "
        "spreads is twice as large as that.",
        spellings=("spread", "spreads"),
    ),
    Term(
        *(STATISTICS, "balanced_accuracy", "balanced accuracy"),
        "Share of right answers, in the mean over both kinds of image, so that a kind with more "
        "images counts no more: one half is chance.",
        spellings=("balanced accuracy",),
    ),
    Term(
        *(STATISTICS, "fdr", "limit for false finds"),
        "The share of false finds that is accepted among all that is said to stand out.",
        symbol="FDR",
        others=("importance.fdr",),
        spellings=("FDR", "Benjamini–Hochberg", "Benjamini-Hochberg"),
    ),
    Term(
        *(STATISTICS, "auc", "how often reals rank above fakes"),
        "Share of pairs in which the first kind of image gets the higher logit: 1 is always, one "
        "half is chance, 0 is never.",
        symbol="AUC",
        spellings=("AUC",),
    ),
    Term(
        *(STATISTICS, "bootstrap", "bootstrap"),
        "An interval made by measuring again on images drawn from those at hand.",
        spellings=("bootstrap",),
    ),
    Term(
        *(STATISTICS, "sd", "standard deviation"),
        "How far single values lie from their mean, typically.",
        symbol="sd",
        spellings=("sd", "standard deviation", "standard deviations"),
    ),
    Term(
        *(THE_RECORD, "stage", "stage"),
        "One step of the pipeline, which answers one question and has a folder of its own in "
        "reports/.",
    ),
    Term(
        *(THE_RECORD, "hash", "hash"),
        "A number made from every byte of a file: a changed file has another one.",
        symbol="SHA-256, MD5",
        spellings=("SHA-256", "MD5"),
    ),
    Term(
        *(THE_RECORD, "commit", "commit"),
        "The exact state of the code that made this run.",
        others=("git commit",),
    ),
    Term(
        *(THE_RECORD, "champion", "champion"),
        "The registered model that a new one is compared with.",
        spellings=("champion", "challenger"),
    ),
)
