"""Devices: how PyTorch is set on one, and a test of whether it then computes this package's sums and attention exactly.

Every number of an admitted transformer's passes, and every partial sum of such numbers, is one that its dtype holds
(``model.ranges``); so any order of additions gives the same numbers, as long as none is rounded on its way. On CUDA that
excludes TensorFloat-32, which rounds factors to 11 bits, and sums in half precision; and of the kernels of attention those that
want half precision. The math kernel and the memory-efficient one are left.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from efasp.model.ranges import SCALE
from efasp.model.transformer import DTYPES, softmax_attention

DEVICES = ("cpu", "cuda")
BITS = {"float32": 24, "float64": 53}  # of the significand of a dtype
SIZE, DEPTH, NARROW = 64, 32, 3  # rows and columns of the products, the terms of a sum, and the bits of the smaller factors
Product = Callable[[Tensor, Tensor], Tensor]
Attention = Callable[[Tensor, Tensor, Tensor, float], Tensor]


class DeviceError(ValueError):
    """A device that is not there, or of which it is not known that it computes exactly."""


def device(name: str, dtype: str) -> torch.device:
    """A device, set as the passes need it and tested in a dtype. Raises DeviceError."""
    if name not in DEVICES:
        raise DeviceError(f"expected one of {', '.join(DEVICES)}, found {name}")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError("expected a device of CUDA that PyTorch finds, found none")
        _set()
    found = torch.device(name)
    if wrong := inexact(found, dtype):
        raise DeviceError(f"expected a device that is exact in {dtype}, found {name}: {wrong}")
    return found


def _set() -> None:
    """PyTorch's switches for CUDA by which products and attention are of the dtype itself."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_cudnn_sdp(False)
    torch.backends.cuda.enable_math_sdp(True)
    torch.backends.cuda.enable_mem_efficient_sdp(True)


@torch.inference_mode()
def inexact(where: torch.device, dtype: str, product: Product = torch.matmul, attention: Attention = softmax_attention) -> str:
    """In which of the tests a device is not exact in a dtype, in words; "" where it is in all.

    They take some milliseconds. Each has a result that is known, all of whose partial sums the dtype holds: a product of
    integers as wide as that allows with narrow ones, on either side; attention whose queries have one key at the highest
    score, which leads by 2; and the mean of two such keys. ``product``, ``attention``: those of PyTorch, but for tests.
    """
    wide = BITS[dtype] - NARROW - (DEPTH.bit_length() - 1)  # bits of the larger factors
    draw = torch.Generator().manual_seed(1)

    def integers(*shape: int, bits: int) -> Tensor:
        return torch.randint(1 - (1 << bits), 1 << bits, shape, generator=draw, dtype=torch.int64)

    def there(x: Tensor) -> Tensor:
        return x.to(DTYPES[dtype]).to(where)

    def same(got: Tensor, wanted: Tensor) -> bool:
        return torch.equal(got.cpu(), wanted.to(DTYPES[dtype]))

    a, b = integers(SIZE, DEPTH, bits=wide), integers(DEPTH, SIZE, bits=NARROW)
    if not all(same(product(there(x), there(y)), x @ y) for x, y in ((a, b), (b.T, a.T))):
        return f"a product of matrices of integers of {wide} and {NARROW} bits is rounded"
    # Keys are signs of the bits of a position, twice over for the mean; a position's own key leads by 2 at least.
    bits = SIZE.bit_length() - 1
    keys = 2 * (torch.arange(SIZE)[:, None] >> torch.arange(bits) & 1) - 1
    values = integers(SIZE, 2, bits=BITS[dtype] - 2) * 2
    scale = float(SCALE[dtype])
    once = attention(there(keys)[None], there(keys)[None], there(values)[None], scale)[0]
    if not same(once, values):
        return "attention to one position is rounded, or not to one"
    twice, both = there(torch.cat([keys, keys]))[None], there(torch.cat([values, values.flip(1)]))[None]
    if not same(attention(there(keys)[None], twice, both, scale)[0], (values + values.flip(1)) // 2):
        return "attention to two positions is not their mean"
    return ""
