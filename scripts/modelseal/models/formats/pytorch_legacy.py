"""PyTorch files of before version 1.6, which are no zip archives."""

from modelseal.models.format import Format
from modelseal.models.pickles import legacy_torch, rules

FORMAT = Format(
    name="pytorch-legacy",
    title="a PyTorch file of before version 1.6",
    recognises=legacy_torch.recognises,
    inspect=legacy_torch.inspect,
    rules=(*rules.RULES, legacy_torch.STORAGES),
    extensions=(".tar",),  # as PyTorch's tutorial on checkpoints calls them
    refines=("pickle",),
)
