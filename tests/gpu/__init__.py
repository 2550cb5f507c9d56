"""One command for a machine with an NVIDIA GPU, which shows that the GPU path computes right and how fast it is.

    python -m tests.gpu --out FOLDER        # eight minutes at most; no network
    python -m tests.gpu --out FOLDER --dry  # the same on a CPU, with tiny shapes: whether the command itself works

It needs Python 3.10, torch 2.8, triton and transformers 5.17 or later; for their kernels flash-linear-attention,
mamba-ssm and einops, and for the tests pytest, hypothesis and gguf: `--wheels FOLDER` takes what is not installed out
of a folder of wheels. The parts run one after the other, each in a process of its own, and write
`FOLDER/<number>-<part>.json` after every single result: what was measured before a crash or the end of the time is
kept.
"""
