"""Recall: passages of the documents for a question, and an answer held against them."""
