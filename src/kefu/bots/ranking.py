"""How alike two questions are, from 0 to 1: shared pairs of characters, or few letters apart.

Pairs of characters need no words, so Chinese is ranked like English.
"""

import unicodedata

CONTAINED = 0.9
"""A question that stands whole in what the visitor wrote is meant, whatever else he wrote around it."""
_CONTAINED_LENGTH_MIN = 4


def alike(written: str, question: str) -> float:
    """Of two texts as `plain` makes them."""
    from jellyfish import damerau_levenshtein_distance, jaccard_similarity  # noqa: PLC0415  few processes rank questions

    if not written or not question:
        return 0.0
    if written == question:
        return 1.0
    contained = CONTAINED if len(question) >= _CONTAINED_LENGTH_MIN and question in written else 0.0
    longer = max(len(written), len(question))
    pairs = jaccard_similarity(written, question, 2)
    # An edit distance costs the product of the lengths, and of texts that share few pairs it is never small.
    edits = 1 - damerau_levenshtein_distance(written, question) / longer if pairs > 0.2 else 0.0  # noqa: PLR2004
    return max(contained, pairs, edits)


def plain(text: str) -> str:
    """Width, case and punctuation left out; words one blank apart."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(each if each.isalnum() else " " for each in folded).split())
