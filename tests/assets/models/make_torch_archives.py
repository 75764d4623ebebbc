"""Write the files in `benign/torch`: modules in TorchScript and an exported program, with torch 2.13.0.

python -m pip install torch==2.13.0 numpy && python make_torch_archives.py benign/torch
"""

import sys
from pathlib import Path

import torch
from torch import nn


class Net(nn.Module):
    """Branches, loops, texts, dictionaries, buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.bn, self.emb = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Embedding(5, 3)
        self.names = ["a", "b"]
        self.register_buffer("buf", torch.ones(3))

    def forward(self, x):  # noqa: ANN001, ANN201 -- TorchScript takes it for a tensor
        if x.sum() > 0:
            x = x + 1.5
        d = {"a": x}
        for i in range(3):
            d["b%d" % i] = x * i  # noqa: UP031 -- TorchScript knows no other way
        return self.bn(self.fc(x)), d


class Exported(nn.Module):
    """A layer and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.register_buffer("c", torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x) + self.c


def main(folder: Path) -> None:
    """Write them all."""
    torch.manual_seed(1)
    convolution = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    quantized = torch.ao.quantization.quantize_dynamic(Net(), {nn.Linear})
    torch.jit.script(Net()).save(folder / "script_net.pt")
    torch.jit.freeze(torch.jit.script(Net().eval())).save(folder / "script_frozen.pt")
    torch.jit.script(quantized).save(folder / "script_quant.pt")
    torch.jit.script(nn.LSTM(3, 4)).save(folder / "script_lstm.pt")
    torch.jit.trace(convolution, torch.ones(1, 3, 8, 8)).save(folder / "script_conv_traced.pt")
    torch.export.save(torch.export.export(Exported(), (torch.ones(2, 3),)), folder / "exported.pt2")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
