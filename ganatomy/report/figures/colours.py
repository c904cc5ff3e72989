"""What each colour means, in every chart that shows the same things."""

from ganatomy.report.figures.canvas import ACCENT, INK, MUTED, WARM

OF_G = GENERATED = ACCENT  # the generator, and what it has made
OF_D = WARM  # the discriminator
TRAINING = INK  # real images that the GAN was shown
HELD_OUT = MUTED  # real images that it was not shown
UNREAL = "#7d5ba6"  # images that are no data
ALARM = "#b3261e"  # beyond a threshold
HOLDS = "#2a7147"  # a check that passes, as on the page
FAILS = "#b07a1e"  # one whose answer is clearly no
UNDECIDED = "#52606d"  # one whose interval holds both
RAISES, LOWERS = "#b2182b", "#2166ac"  # what is explained: the ends of the maps' colours
