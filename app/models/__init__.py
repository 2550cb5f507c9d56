"""Which models there are, how they get onto this machine, and what they cost on it.

`catalogue` is the table of models, `reference` reads names, `hub` and `downloads` fetch, `local` knows what is here,
`planning` says what a model takes, `merging` makes one folder of base and memory. Nothing here knows the page.
"""
