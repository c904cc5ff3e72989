"""A page as tests read it that look for words."""

import re


def unexplained(html: str) -> str:
    """Take off what explains the words of a page: first uses, labels, the glossary, its link."""
    bare = re.sub(r'<a class="term"[^>]*><abbr[^>]*>([^<]*)</abbr></a>', r"\1", html)
    bare = re.sub(r' data-label="[^"]*"', "", bare).replace('<table class="stacks"', "<table")
    bare = re.sub(r'<section id="glossary">.*?</section>', "", bare, flags=re.S)
    return bare.replace(' <a href="#glossary">The words of this page</a>', "")
