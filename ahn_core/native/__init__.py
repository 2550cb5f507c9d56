"""Decoding in compiled code, where a C++ compiler is installed: `build` makes the library, `decoder` runs it."""
