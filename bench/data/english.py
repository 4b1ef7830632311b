"""The language of documents and of one side of every pair."""

ENGLISH = "eng_Latn"  # as languages.yaml writes codes
