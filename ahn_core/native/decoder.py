"""Decoding steps of a model by the compiled library, and parts of its reading; each has its plain form in torch."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..grouped import GroupedLinear, GroupedWeight
from ..quantization import Int8Linear

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM, DecoderLayer
    from ..cache import Cache
    from ..cells import MemoryCell
    from ..layer_cache import LayerCache
    from ..plan import KeysValues, Step

_CELLS: dict[str, int] = {"DeltaNet": 0, "GatedDeltaNet": 1, "Mamba2": 2}
_UNIT_EPS = 1e-6  # of the memory's queries and keys


# ---- the tables of step.cpp: the same names in the same order, 8 bytes a field


class _Linear(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("weight", "scale", "bias")),
        *((name, ctypes.c_int64) for name in ("rows", "columns")),
        ("parts", ctypes.c_void_p),
        ("part_count", ctypes.c_int64),
    ]


class _Grouped(ctypes.Structure):
    _fields_ = [
        ("packed", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("rows", "columns", "bits", "affine")),
    ]


class _Unpacking(ctypes.Structure):
    _fields_ = [
        ("weight", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("first", "last")),
        *((name, ctypes.c_void_p) for name in ("ids", "y")),
        ("bfloat16", ctypes.c_int64),
    ]


class _LayerWeights(ctypes.Structure):
    _fields_ = [
        *((name, _Linear) for name in ("qkv", "out", "gate_up", "down", "beta", "decay", "output_gate")),
        *(
            (name, ctypes.c_void_p)
            for name in (
                "input_norm",
                "post_norm",
                "q_norm",
                "k_norm",
                "A_log",
                "dt_bias",
                "memory_norm",
                "memory_out",
            )
        ),
    ]


class _LayerMemory(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("keys", "values", "raw_sinks", "gates", "state")),
        ("scale", ctypes.c_double),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_int64)
            for name in (
                "layers",
                "hidden",
                "intermediate",
                "heads",
                "kv_heads",
                "size",
                "cell",
                "memory_rope",
            )
        ),
        *((name, ctypes.c_double) for name in ("norm_eps", "qk_eps", "memory_eps", "unit_eps")),
        ("final_norm", ctypes.c_void_p),
    ]


class _Step(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("row", "slot", "seen", "rows", "sinks")),
        *((name, ctypes.c_void_p) for name in ("cos", "sin", "evicted_cos", "evicted_sin", "x", "outputs")),
    ]


class _Rows(ctypes.Structure):
    _fields_ = [("first", ctypes.c_void_p), ("stride", ctypes.c_int64)]


class _Attention(ctypes.Structure):
    _fields_ = [
        ("q", ctypes.c_void_p),
        *((name, _Rows) for name in ("sink_keys", "sink_values", "keys", "values")),
        *((name, ctypes.c_void_p) for name in ("mask", "out")),
        *((name, ctypes.c_int64) for name in ("kv_heads", "group", "rows", "sinks", "seen", "size")),
        *((name, ctypes.c_int64) for name in ("q_kv_stride", "q_group_stride", "q_row_stride")),
    ]


class _Absorption(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_void_p)
            for name in ("q", "keys", "values", "gates", "open", "norm", "map", "state", "new_state", "out")
        ),
        *((name, ctypes.c_int64) for name in ("heads", "kv_heads", "count", "size", "cell")),
        *(
            (f"{name}_{axis}_stride", ctypes.c_int64)
            for name in ("q", "key", "value")
            for axis in ("head", "row")
        ),
        *((name, ctypes.c_double) for name in ("unit_eps", "norm_eps")),
    ]


class NativeDecoder:
    """The library and its threads. One serves every model and cache; calls from several threads wait for each other."""

    def __init__(self, library: Path, threads: int) -> None:
        """Raises OSError: this process cannot load the library."""
        functions = ctypes.CDLL(str(library))
        functions.ahn_team.restype = ctypes.c_void_p
        functions.ahn_team.argtypes = [ctypes.c_int32]
        functions.ahn_step.argtypes = [ctypes.c_void_p] * 5
        functions.ahn_step.restype = functions.ahn_linear.restype = functions.ahn_disband.restype = None
        functions.ahn_linear.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64, ctypes.c_void_p]
        functions.ahn_unpack.restype = None
        functions.ahn_unpack.argtypes = [ctypes.c_void_p] * 2
        functions.ahn_attend.restype = None
        functions.ahn_attend.argtypes = [ctypes.c_void_p] * 2
        functions.ahn_disband.argtypes = [ctypes.c_void_p]
        functions.ahn_attends.restype = ctypes.c_int32
        functions.ahn_attends.argtypes = []
        functions.ahn_absorb.restype = None
        functions.ahn_absorb.argtypes = [ctypes.c_void_p] * 2
        functions.ahn_absorbs.restype = ctypes.c_int32
        functions.ahn_absorbs.argtypes = [ctypes.c_int64]
        self._attends = bool(functions.ahn_attends())
        if self._attends:
            for name in ("ahn_norm", "ahn_add", "ahn_gate", "ahn_split"):
                getattr(functions, name).restype = None
                getattr(functions, name).argtypes = [ctypes.c_void_p] * 2
        self.threads = threads
        self._functions = functions
        self._team: int | None = functions.ahn_team(threads)

    def __deepcopy__(self, memo: dict[int, object]) -> NativeDecoder:
        return self  # a copied model shares it

    def close(self) -> None:
        """End the threads; nothing may be computed afterwards."""
        team, self._team = self._team, None
        if team is not None:
            self._functions.ahn_disband(team)

    def step(self, tables: ModelTables, cache: Cache, step: Step, x: Tensor) -> tuple[Tensor, Tensor]:
        """One token, written into the cache's tensors.

        `x` [1, hidden] is its embedding. Returns the last hidden state, normed, [1, hidden], and what window and
        memory added to the attention output of each layer, [layers, 2, H * D]; the memory's half is meaningless
        where nothing leaves the window or the cache has no memory.
        """
        first = cache.layers[0]
        x = x.clone()
        outputs = x.new_empty(len(cache.layers), 2, tables.width)
        arguments = _Step(
            row=int(step.row),
            slot=-1 if step.slot is None else int(step.slot),
            seen=step.seen,
            rows=first.keys.shape[1],
            sinks=0 if first.raw_sinks is None else first.raw_sinks.shape[1],
            cos=step.rotation[0].data_ptr(),
            sin=step.rotation[1].data_ptr(),
            x=x.data_ptr(),
            outputs=outputs.data_ptr(),
        )
        if step.evicted_rotation is not None:
            cos, sin = step.evicted_rotation
            arguments.evicted_cos, arguments.evicted_sin = cos.data_ptr(), sin.data_ptr()
        self._functions.ahn_step(
            self._team,
            ctypes.byref(tables.model),
            tables.weights,
            tables.memories(cache.layers),
            ctypes.byref(arguments),
        )
        return x, outputs

    def attends(self, size: int) -> bool:
        """Whether `attend` can be called for heads of this size: on processors that multiply bfloat16."""
        return self._attends and size % 64 == 0

    def attend(self, q: Tensor, sinks: KeysValues, window: KeysValues, mask: Tensor | None) -> Tensor:
        """Attention of queries [Hkv, G, R, D] over keys and values, [Hkv, N, D] each: [Hkv, G, R, D], all float32.

        `mask` [R, sinks + window] is added to the scores. The products are of bfloat16, the sums and the softmax of
        float32. The plain form is `torch.nn.functional.scaled_dot_product_attention`.
        """
        if q.stride(-1) != 1:
            q = q.contiguous()
        out = torch.empty(q.shape)
        arguments = _Attention(
            q=q.data_ptr(),
            sink_keys=_rows(sinks[0]),
            sink_values=_rows(sinks[1]),
            keys=_rows(window[0]),
            values=_rows(window[1]),
            mask=pointer(mask),
            out=out.data_ptr(),
            kv_heads=q.shape[0],
            group=q.shape[1],
            rows=q.shape[2],
            sinks=sinks[0].shape[1],
            seen=sinks[0].shape[1] + window[0].shape[1],
            size=q.shape[3],
            q_kv_stride=q.stride(0),
            q_group_stride=q.stride(1),
            q_row_stride=q.stride(2),
        )
        self._functions.ahn_attend(self._team, ctypes.byref(arguments))
        return out

    def run(self, function: str, table: ctypes.Structure) -> None:
        """Call a function of the library that takes the threads and one table."""
        getattr(self._functions, function)(self._team, ctypes.byref(table))

    def absorbs(self, size: int) -> bool:
        """Whether `absorb` can be called for heads of this size."""
        return bool(self._functions.ahn_absorbs(size))

    def absorb(
        self, cell: MemoryCell, q: Tensor, k: Tensor, v: Tensor, gates: Tensor, hidden: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`cell.absorb_and_read(q, k, v, gates, hidden, state, …)`, the plain form of this, all in float32."""
        q, k, v = (x if x.stride(-1) == 1 else x.contiguous() for x in (q, k, v))
        gates, state = gates.contiguous(), state.contiguous()
        opening = cell.g_proj(hidden)  # [n, H]
        norm = _memory_norm(cell)
        out, new_state = torch.empty(q.shape), torch.empty_like(state)
        arguments = _Absorption(
            q=q.data_ptr(),
            keys=k.data_ptr(),
            values=v.data_ptr(),
            gates=gates.data_ptr(),
            open=opening.data_ptr(),
            norm=norm.weight.data_ptr(),
            map=pointer(cell.o_proj.weight),
            state=state.data_ptr(),
            new_state=new_state.data_ptr(),
            out=out.data_ptr(),
            heads=q.shape[0],
            kv_heads=k.shape[0],
            count=q.shape[1],
            size=q.shape[2],
            cell=_CELLS[type(cell).__name__],
            q_head_stride=q.stride(0),
            q_row_stride=q.stride(1),
            key_head_stride=k.stride(0),
            key_row_stride=k.stride(1),
            value_head_stride=v.stride(0),
            value_row_stride=v.stride(1),
            unit_eps=_UNIT_EPS,
            norm_eps=norm.eps,
        )
        self._functions.ahn_absorb(self._team, ctypes.byref(arguments))
        return out, new_state

    def linear(self, layer: nn.Linear | Int8Linear, x: Tensor) -> Tensor:
        """`layer(x)` for a few rows of float32, [T, in] -> [T, out]."""
        return self._multiply(_linear(layer, []), x)

    def multiply(self, weight: GroupedWeight, x: Tensor) -> Tensor:
        """x [T, columns] by rows that are packed: [T, rows] in x's dtype."""
        parts = _grouped([weight])
        table = _Linear(rows=weight.rows, columns=weight.columns, parts=ctypes.addressof(parts), part_count=1)
        return self._multiply(table, x.float()).to(x.dtype)

    def _multiply(self, table: _Linear, x: Tensor) -> Tensor:
        x = x.contiguous()
        y = x.new_empty(len(x), table.rows)
        self._functions.ahn_linear(self._team, ctypes.byref(table), x.data_ptr(), len(x), y.data_ptr())
        return y

    def unpack(self, weight: GroupedWeight, first: int, last: int, dtype: torch.dtype) -> Tensor:
        """Rows first … last - 1 of packed ones in float32 or bfloat16."""
        assert dtype in (torch.float32, torch.bfloat16)
        y = torch.empty(last - first, weight.columns, dtype=dtype)
        self._unpack(weight, y, first=first, last=last, bfloat16=dtype == torch.bfloat16)
        return y

    def rows(self, weight: GroupedWeight, ids: Tensor) -> Tensor:
        """Rows `ids` [T] of packed ones in float32. Raises IndexError for one that is not there."""
        ids = ids.to(torch.int64).contiguous()
        if len(ids) and not (int(ids.min()) >= 0 and int(ids.max()) < weight.rows):
            raise IndexError(f"a row outside of 0 … {weight.rows - 1} was asked for")
        y = torch.empty(len(ids), weight.columns)
        self._unpack(weight, y, last=len(ids), ids=ids.data_ptr())
        return y

    def _unpack(self, weight: GroupedWeight, y: Tensor, **what: int) -> None:
        parts = _grouped([weight])
        work = _Unpacking(weight=ctypes.addressof(parts), y=y.data_ptr(), **what)
        self.run("ahn_unpack", work)


class ModelTables:
    """Where a model's weights are, and, once asked, where a cache's tensors are. Holds on to all of them."""

    def __init__(self, model: AHNForCausalLM) -> None:
        config, cell = model.config, model.layers[0].ahn
        self.width = config.num_attention_heads * config.head_dim
        parts: list[ctypes.Array[_Grouped]] = []
        self.weights = (_LayerWeights * len(model.layers))(*(_layer(layer, parts) for layer in model.layers))
        self.model = _Model(
            layers=len(model.layers),
            hidden=config.hidden_size,
            intermediate=config.intermediate_size,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            size=config.head_dim,
            cell=_CELLS[model.ahn_config.cell],
            memory_rope=int(model.ahn_config.memory_rope),
            norm_eps=config.rms_norm_eps,
            qk_eps=config.rms_norm_eps,
            memory_eps=_memory_norm(cell).eps,
            unit_eps=_UNIT_EPS,
            final_norm=model.norm.weight.data_ptr(),
        )
        self._weights_held = (*model.state_dict().values(), *parts)
        self._held: list[Tensor | None] = []
        self._memories: ctypes.Array[_LayerMemory] | None = None

    @staticmethod
    def fit(model: AHNForCausalLM) -> bool:
        """Whether the library can decode this model: on a CPU, float32 but for packed and 8-bit weights."""
        linears = [
            linear
            for layer in model.layers
            for linear in (
                layer.self_attn.qkv_proj,
                layer.self_attn.o_proj,
                layer.mlp.gate_up_proj,
                layer.mlp.down_proj,
            )
        ]
        return (
            all(
                isinstance(m, GroupedLinear)
                or (isinstance(m, (nn.Linear, Int8Linear)) and m.weight.dtype in (torch.float32, torch.int8))
                for m in [*linears, model.lm_head]
            )
            and all(p.dtype == torch.float32 and p.is_contiguous() for p in model.parameters())
            and model.device.type == "cpu"
        )

    def memories(self, layers: Sequence[LayerCache]) -> ctypes.Array[_LayerMemory]:
        """The table of these layers' tensors; made anew when one of them has been replaced."""
        tensors = [t for c in layers for t in (c.keys, c.values, c.raw_sinks, c.gates, c.state)]
        if self._memories is None or any(
            now is not then for now, then in zip(tensors, self._held, strict=True)
        ):
            self._held = tensors
            pointers = [pointer(tensor) for tensor in tensors]
            self._memories = (_LayerMemory * len(layers))(
                *(
                    _LayerMemory(*pointers[5 * i : 5 * i + 5], layers[i].memory_scale)
                    for i in range(len(layers))
                )
            )
        return self._memories


def _layer(layer: DecoderLayer, held: list[ctypes.Array[_Grouped]]) -> _LayerWeights:
    attention, cell = layer.self_attn, layer.ahn
    found = dict(cell.named_modules())
    parameters = dict(cell.named_parameters(recurse=False))
    return _LayerWeights(
        qkv=_linear(attention.qkv_proj, held),
        out=_linear(attention.o_proj, held),
        gate_up=_linear(layer.mlp.gate_up_proj, held),
        down=_linear(layer.mlp.down_proj, held),
        beta=_linear(found.get("b_proj", found.get("dt_proj")), held),
        decay=_linear(found.get("a_proj"), held),
        output_gate=_linear(cell.g_proj, held),
        input_norm=pointer(layer.input_layernorm.weight),
        post_norm=pointer(layer.post_attention_layernorm.weight),
        q_norm=None if attention.q_norm is None else pointer(attention.q_norm.weight),
        k_norm=None if attention.k_norm is None else pointer(attention.k_norm.weight),
        A_log=pointer(parameters.get("A_log")),
        dt_bias=pointer(parameters.get("dt_bias")),
        memory_norm=pointer(_memory_norm(cell).weight),
        memory_out=pointer(cell.o_proj.weight),
    )


def _memory_norm(cell: nn.Module) -> nn.RMSNorm:
    return next(module for module in cell.modules() if isinstance(module, nn.RMSNorm))


def _linear(layer: nn.Module | None, held: list[ctypes.Array[_Grouped]]) -> _Linear:
    """Its table; what that points to besides tensors joins `held`."""
    if layer is None:
        return _Linear()
    assert isinstance(layer, (nn.Linear, Int8Linear, GroupedLinear))
    if isinstance(layer, GroupedLinear):
        parts = _grouped(layer.weights)
        held.append(parts)
        rows, columns = layer.shape
        return _Linear(None, None, pointer(layer.bias), rows, columns, ctypes.addressof(parts), len(parts))
    rows, columns = layer.weight.shape
    scale = layer.scale if isinstance(layer, Int8Linear) else None
    return _Linear(pointer(layer.weight), pointer(scale), pointer(layer.bias), rows, columns)


def _grouped(weights: Sequence[GroupedWeight]) -> ctypes.Array[_Grouped]:
    return (_Grouped * len(weights))(
        *(_Grouped(pointer(w.packed), w.rows, w.columns, w.format.bits, w.format.affine) for w in weights)
    )


def _rows(tensor: Tensor) -> _Rows:
    """Keys or values [Hkv, N, D] of which only the heads may lie apart."""
    assert tensor.stride()[1:] == (tensor.shape[2], 1) or not tensor.shape[1]
    return _Rows(tensor.data_ptr(), tensor.stride(0))


def pointer(tensor: Tensor | None) -> int | None:
    """Where a contiguous tensor on the CPU begins; None of none."""
    if tensor is None:
        return None
    assert tensor.is_contiguous() and tensor.device.type == "cpu"
    return tensor.data_ptr()
