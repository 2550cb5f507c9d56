"""Weights on disk and how they become a model: formats, names, and one tensor after the other, never a pickle.

`files` finds a model, `safetensors_folder` and `gguf_model` are the two formats, `names` says which stored tensors make
which of ours, `fill` brings them into the model in the wanted number format, `memory` does the same for the AHN.
"""
