"""What computes a model: one small interface, `plain.TorchOps`, chosen once a model by `choose`.

`plain` is torch, complete, and the specification of the others; `cpu` is the C++ of ahn_core/native, `fla` and `mamba`
are GPU kernels of those packages for the memory's recurrence, `flash` is attention without a mask, `packed` has Triton
kernels for weights of 4 bits, `graphs` replays decoding steps as CUDA graphs.
"""
