"""Changing over to compiled decoding behind the first answers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from ahn_core.native import build
from ahn_core.native.compilers import Compiler
from app.acceleration import compile_decoder, native_folder
from tests.tiny import tiny_model

_SECONDS = 120.0


def test_a_model_changes_over_and_goes_on_with_its_cache(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if build.compiler() is None:
        pytest.skip("needs a C++ compiler: g++ or clang++")
    optimised = Compiler.arguments
    monkeypatch.setattr(Compiler, "arguments", lambda self: [*optimised(self), "-O0"])  # is compiled quickly
    model, plain = tiny_model(), tiny_model()
    cache, expected = (m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, plain))
    ids = torch.arange(30)
    with torch.no_grad():
        for m, c in ((model, cache), (plain, expected)):
            for token in ids[:15]:
                m(token.view(1, 1), past_key_values=c)
        compiling = compile_decoder(model, data_dir)
        assert compiling.thread is not None
        compiling.thread.join(_SECONDS)
        assert model.backend == "cpu"
        assert str(compiling) == "yes"
        for token in ids[15:]:
            found = model(token.view(1, 1), past_key_values=cache).logits
            torch.testing.assert_close(
                found, plain(token.view(1, 1), past_key_values=expected).logits, rtol=1e-4, atol=1e-4
            )
    assert [path.suffix for path in native_folder(data_dir).iterdir()] == [".so"]
    again = tiny_model()
    assert str(compile_decoder(again, data_dir)) == "yes"
    assert again.backend == "cpu", "a library on disk is used at once"


def test_without_a_compiler_the_log_says_so(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    model = tiny_model()
    with caplog.at_level(logging.INFO):
        compiling = compile_decoder(model, data_dir)
    assert compiling.thread is None
    assert str(compiling) == "no: no C++ compiler is installed (g++, clang++ or the package ziglang)"
    assert model.backend == "torch"
    assert "Decoding stays uncompiled: no C++ compiler is installed" in caplog.text


def test_other_weights_are_not_compiled_for(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_model().bfloat16()
    with caplog.at_level(logging.INFO):
        assert str(compile_decoder(model, data_dir)) == "no: the weights are bfloat16 on cpu"
    assert "the weights are bfloat16 on cpu" in caplog.text
    assert not native_folder(data_dir).exists()
