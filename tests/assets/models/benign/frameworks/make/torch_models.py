"""Write what users of PyTorch and of what is built on it write. Run by hand: `python torch_models.py FOLDER`.

The committed files are of PyTorch 2.13.0, Lightning 2.6.6, transformers 5, sentence-transformers 6.2.0, peft 0.21.2,
fastai 2.8.12, torchvision, timm 1.0.31, ultralytics 8.4.190, torch_geometric 2.8.1 and pytorch-tabnet 4.1.0.
"""

import collections
import pickle
import random
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 2))


def trained():
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.randn(5, 3)).sum().backward()
        optimizer.step()
        scheduler.step()
    return model, optimizer, scheduler


def values():
    """Return what is written with torch.save, by file name."""
    model, optimizer, scheduler = trained()
    quantized = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 2)), {nn.Linear})
    return {
        "state-dict": model.state_dict(),
        "tensor": torch.arange(6.0).reshape(2, 3),
        "tensors": {
            str(kind): torch.ones(2, dtype=kind)
            for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64)
        },
        "tensor-view": torch.arange(10)[::2],
        "tensor-sparse": torch.eye(3).to_sparse(),
        "tensor-csr": torch.eye(3).to_sparse_csr(),
        "tensor-quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        "tensor-meta": torch.empty(3, device="meta"),
        "tensor-float8": torch.ones(2).to(torch.float8_e4m3fn),
        "parameter": nn.Parameter(torch.ones(2)),
        "module": model,
        "checkpoint": {
            "epoch": 3,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "random": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "loss": np.float64(0.5),
            "best": torch.tensor(0.25),
            "device": torch.device("cpu"),
            "dtype": torch.float32,
            "size": torch.Size([1, 2]),
            "history": collections.defaultdict(list, loss=[1.0]),
        },
        "whole-checkpoint": {"model": model, "optimizer": optimizer, "scheduler": scheduler},
        "transformer": nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 1),
        "recurrent": nn.ModuleDict({"lstm": nn.LSTM(2, 3), "gru": nn.GRU(2, 3), "embedding": nn.Embedding(5, 2)}),
        "convolution": nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.GELU(), nn.Flatten(), nn.Softmax(1)),
        "quantized-module": quantized,
        "loss": nn.CrossEntropyLoss(weight=torch.ones(2)),
        "dataset": torch.utils.data.TensorDataset(torch.ones(3, 2)),
        "distribution": torch.distributions.Normal(0.0, 1.0),
        "averaged": torch.optim.swa_utils.AveragedModel(network()),
        "functional": nn.TransformerDecoderLayer(4, 2, 8, activation=nn.functional.gelu),
        "numpy-inside": {"array": np.arange(3), "objects": np.array([None, "a"], dtype=object)},
    }


def lightning(folder):
    import lightning.pytorch as pl
    from lightning.pytorch.demos.boring_classes import BoringModel

    model = BoringModel()
    callbacks = [
        pl.callbacks.ModelCheckpoint(dirpath=folder, filename="boring", save_last=False),
        pl.callbacks.EarlyStopping("train_loss", check_on_train_epoch_end=True, strict=False),
    ]
    trainer = pl.Trainer(
        max_steps=2, logger=False, callbacks=callbacks, enable_progress_bar=False, enable_model_summary=False
    )
    trainer.fit(model)
    trainer.save_checkpoint(folder / "trainer.ckpt")


def lightning_hparams(folder):
    from argparse import Namespace

    from lightning.fabric.utilities.data import AttributeDict

    torch.save(
        {
            "epoch": 1,
            "pytorch-lightning_version": "2.6.6",
            "hyper_parameters": AttributeDict({"lr": 0.1, "betas": (0.9, 0.999)}),
            "namespace": Namespace(lr=0.1),
            "hparams_name": "kwargs",
            "state_dict": network().state_dict(),
        },
        folder / "hyper-parameters.ckpt",
    )


def transformers(folder):
    import transformers as hf

    torch.save(hf.TrainingArguments(output_dir="out", report_to=[]), folder / "training_args.bin")
    config = hf.BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
    )
    model = hf.BertForSequenceClassification(config)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    torch.save(model, folder / "bert.pt")
    gpt = hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=10, n_positions=8, n_embd=8, n_layer=1, n_head=2))
    torch.save(gpt, folder / "gpt2.pt")
    (folder / "config.pkl").write_bytes(pickle.dumps(config))
    (folder / "encoding.pkl").write_bytes(
        pickle.dumps(hf.BatchEncoding({"input_ids": torch.ones(1, 2, dtype=torch.long)}))
    )
    (folder / "output.pkl").write_bytes(
        pickle.dumps(hf.modeling_outputs.BaseModelOutput(last_hidden_state=torch.ones(1, 2)))
    )
    schedule = hf.get_linear_schedule_with_warmup(torch.optim.AdamW(network().parameters()), 1, 10)
    torch.save(schedule.state_dict(), folder / "scheduler.pt")
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]))
    (folder / "tokenizer.pkl").write_bytes(pickle.dumps(hf.BertTokenizer(str(vocabulary))))
    vocabulary.unlink()


def tokenizers(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (folder / "tokenizer.pkl").write_bytes(pickle.dumps(tokenizer))


def peft(folder):
    import peft

    config = peft.LoraConfig(r=2, target_modules=["0"])
    model = peft.get_peft_model(nn.Sequential(nn.Linear(3, 2)), config)
    torch.save(peft.get_peft_model_state_dict(model), folder / "adapter_model.bin")
    (folder / "config.pkl").write_bytes(pickle.dumps(config))
    torch.save(model, folder / "whole.pt")


def sentence_transformers(folder):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts

    layers = [parts.Dense(4, 2), parts.Normalize()]
    torch.save(SentenceTransformer(modules=layers), folder / "model.pt")


def torchvision(folder):
    import torchvision as vision

    torch.save(vision.models.squeezenet1_0(num_classes=2).features[:4], folder / "features.pt")
    torch.save(vision.models.resnet.BasicBlock(2, 2), folder / "block.pt")
    made = vision.transforms.Compose(
        [vision.transforms.Resize(8), vision.transforms.ToTensor(), vision.transforms.Normalize([0.5], [0.5])]
    )
    (folder / "transforms.pkl").write_bytes(pickle.dumps(made))
    from torchvision.transforms import v2

    (folder / "transforms-v2.pkl").write_bytes(pickle.dumps(v2.Compose([v2.Resize(8), v2.ToDtype(torch.float32)])))


def timm(folder):
    import timm

    model = timm.create_model("vit_tiny_patch16_224", img_size=16, embed_dim=8, depth=1, num_heads=2, num_classes=2)
    torch.save(model, folder / "vit.pt")


def ultralytics(folder):
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel({"nc": 2, "depth_multiple": 0.1, "width_multiple": 0.02, "backbone": [[-1, 1, "Conv", [8, 3, 2]], [-1, 1, "C2f", [8, True]]],
                            "head": [[[1], 1, "Detect", ["nc"]]]}, verbose=False)  # fmt: skip
    torch.save(
        {
            "epoch": -1,
            "model": model.half(),
            "ema": None,
            "train_args": {"task": "detect"},
            "date": "2026",
            "version": "8.4",
        },
        folder / "yolo.pt",
    )


def torch_geometric(folder):
    from torch_geometric.data import Batch, Data
    from torch_geometric.nn import GCNConv

    graph = Data(x=torch.ones(2, 1), edge_index=torch.tensor([[0], [1]]))
    torch.save(graph, folder / "data.pt")
    torch.save(Batch.from_data_list([graph, graph]), folder / "batch.pt")
    torch.save(GCNConv(2, 2), folder / "gcn.pt")


def fastai(folder):
    import pandas as pd
    from fastai.tabular.all import (
        Categorify,
        CategoryBlock,
        FillMissing,
        Normalize,
        TabularDataLoaders,
        accuracy,
        tabular_learner,
    )

    frame = pd.DataFrame({"a": np.arange(20.0), "b": list("xy") * 10, "y": list("uv") * 10})
    loaders = TabularDataLoaders.from_df(
        frame,
        y_names="y",
        cat_names=["b"],
        cont_names=["a"],
        procs=[Categorify, FillMissing, Normalize],
        y_block=CategoryBlock(),
        bs=4,
        path=folder,
    )
    tabular_learner(loaders, layers=[4], metrics=accuracy).export("learner.pkl")


def pytorch_tabnet(folder):
    from pytorch_tabnet.tab_model import TabNetClassifier

    model = TabNetClassifier(n_d=2, n_a=2, n_steps=1, verbose=0)
    model.fit(np.random.rand(20, 3), np.arange(20) % 2, max_epochs=1)
    (folder / "classifier.pkl").write_bytes(pickle.dumps(model))


def torchmetrics(folder):
    import torchmetrics as tm

    torch.save(tm.MetricCollection([tm.MeanMetric(), tm.classification.BinaryAccuracy()]), folder / "metrics.pt")


def omegaconf(folder):
    from omegaconf import OmegaConf

    torch.save({"hyper_parameters": OmegaConf.create({"lr": 0.1, "sizes": [1, 2]})}, folder / "config.ckpt")


def spacy(folder):
    import spacy

    language = spacy.blank("en")
    (folder / "doc.pkl").write_bytes(pickle.dumps(language("a few words")))


def main():
    """Write each family; what fails is named."""
    warnings.simplefilter("ignore")
    base = Path(sys.argv[1])
    folder = base / "torch-{}".format(torch.__version__.partition("+")[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values().items():
        torch.save(value, folder / (name + ".pt"))
    for name in ("state-dict", "module", "checkpoint", "tensor-sparse"):
        torch.save(values()[name], folder / (name + "-legacy.pth"), _use_new_zipfile_serialization=False)
    (folder / "pickled-tensor.pkl").write_bytes(
        pickle.dumps({"weights": torch.ones(3), "parameter": nn.Parameter(torch.ones(2))})
    )
    (folder / "pickled-tensor-2.pkl").write_bytes(pickle.dumps(torch.ones(3), 2))
    (folder / "pickled-module.pkl").write_bytes(pickle.dumps(network()))
    torch.jit.script(network()).save(str(folder / "scripted.pt"))
    torch.jit.trace(network().eval(), torch.ones(1, 3)).save(str(folder / "traced.pt"))
    torch.export.save(torch.export.export(network().eval(), (torch.ones(1, 3),)), folder / "exported.pt2")
    for make in (lightning, lightning_hparams, transformers, tokenizers, peft, sentence_transformers, torchvision, timm, ultralytics,
                 torch_geometric, fastai, pytorch_tabnet, torchmetrics, omegaconf, spacy):  # fmt: skip
        name = make.__name__.replace("_hparams", "")
        place = base / "{}-{}".format(name, version(name))
        place.mkdir(exist_ok=True)
        try:
            make(place)
        except Exception as fault:
            print(make.__name__, "failed:", repr(fault)[:300])


if __name__ == "__main__":
    main()
