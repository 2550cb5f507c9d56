"""The kernels of ahn_core/native for every processor and system they are meant for: `python -m tests.targets`.

Minutes, so by hand and not in the suite. Needs the package ziglang; without qemu-user the ARM64 kernels are compiled
and not run. Every processor runs the tests that hold the kernels to torch (test_native.py and test_grouped.py of
tests/ahn_core): x86 variants as libraries in the tests' own process, ARM64 as a program that qemu runs beside it
(remote.py).
"""
