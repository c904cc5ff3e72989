"""Sentences on the pixels of a data set's files, read against generated figures."""

from hypothesis import given
from hypothesis import strategies as st

from ganatomy.data.choices import BackgroundRule, Fit, WindowRule
from ganatomy.data.shape import size_words
from ganatomy.data.value_words import sentences_on, warnings_of
from ganatomy.data.values import DEEPEST, Facts, Values, summarize
from tests.unit.sentences.made import few, reads
from tests.unit.sentences.reading import faults, untold

LEVELS = st.tuples(st.sampled_from([0, 7, 200]), st.sampled_from([200, 4095, 32767, 32768, 65535]))
WINDOWS = st.sampled_from([*WindowRule.__args__, (500.0, 1500.0)])
GROUNDS = st.sampled_from([*BackgroundRule.__args__, 0, 128, 255])
FACTS = st.builds(
    Facts,
    levels=st.one_of(st.none(), LEVELS),
    is_transparent=st.booleans(),
    lost_on=st.sampled_from([(), (0,), (255,), (0, 255)]),
    has_frames=st.booleans(),
    is_reshaped=st.booleans(),
)
FOLDERS = st.lists(FACTS, min_size=1, max_size=4)
VALUES = st.builds(
    summarize,
    *(WINDOWS, GROUNDS, st.sampled_from(Fit.__args__), FOLDERS),
    num_channels=st.sampled_from([3, 4]),
)


@reads("data.value_words.sentences_on", "data.value_words.warnings_of")
@given(VALUES)
@few
def test_what_was_done_to_pixels(values: Values) -> None:
    said, warned = sentences_on(values.card()), warnings_of(values.card())
    window = values.treatment.window or (0, DEEPEST)
    figures = [*window, 8, 16, 65_536, values.least, values.largest, values.treatment.background]
    figures += [values.num_deep, values.num_transparent, values.num_lost, values.num_with_frames]
    figures += [values.num_reshaped, values.num_images]
    for sentence in (*said, *warned):
        assert not faults(sentence)
        assert not untold(sentence, figures)
    assert {*warned} <= {*said}
    counts = (values.num_deep, values.num_transparent, values.num_with_frames, values.num_reshaped)
    assert len(said) == sum(count > 0 for count in counts)


@reads("data.shape.size_words")
@given(st.integers(8, 2048), st.integers(8, 2048))
@few
def test_sizes(height: int, width: int) -> None:
    said = size_words((height, width))
    assert not faults(said)
    assert [int(each) for each in said.split() if each.isdigit()] == [width, height]
    assert size_words(height) == size_words((height, height))
