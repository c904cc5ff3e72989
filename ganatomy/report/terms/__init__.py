"""The terms that the page uses: plain names, symbols, and one sentence each for a newcomer."""
