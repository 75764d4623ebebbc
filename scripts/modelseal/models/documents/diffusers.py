"""Indexes of diffusers' pipelines: of which libraries their parts are.

How they are loaded: https://github.com/huggingface/diffusers/blob/v0.35.1/src/diffusers/pipelines/pipeline_loading_utils.py
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.hugging_face import REMOTE_CODE
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires

_PAIR = 2
_LIBRARIES = frozenset(
    {
        "diffusers",
        "transformers",
        "onnxruntime",
        "onnxruntime.training",
        "optimum",
        "peft",
        "k_diffusion",
        "sentencepiece",
    }
    | {"flax", "jax", "torch", "optimum.onnxruntime", "optimum.intel", "optimum.intel.openvino", "openvino", "timm"}
)
# Folders of `diffusers.pipelines`, whose classes are named by the folder alone.
_PIPELINES = frozenset(
    {"alt_diffusion", "amused", "animatediff", "audioldm", "audioldm2", "aura_flow", "blip_diffusion", "cogvideo"}
    | {
        "consistency_models",
        "controlnet",
        "dance_diffusion",
        "ddim",
        "ddpm",
        "deepfloyd_if",
        "dit",
        "flux",
        "free_noise",
    }
    | {
        "hunyuan_video",
        "kandinsky",
        "kandinsky2_2",
        "kandinsky3",
        "latent_consistency_models",
        "latent_diffusion",
        "latte",
    }
    | {
        "ledits_pp",
        "lumina",
        "ltx",
        "marigold",
        "mochi",
        "musicldm",
        "onnx_utils",
        "paint_by_example",
        "pag",
        "paradigms",
    }
    | {"pia", "pixart_alpha", "pndm", "repaint", "sana", "score_sde_ve", "semantic_stable_diffusion", "shap_e"}
    | {"spectrogram_diffusion", "stable_audio", "stable_cascade", "stable_diffusion", "stable_diffusion_3"}
    | {"stable_diffusion_attend_and_excite", "stable_diffusion_gligen", "stable_diffusion_k_diffusion"}
    | {
        "stable_diffusion_safe",
        "stable_diffusion_xl",
        "stable_video_diffusion",
        "t2i_adapter",
        "text_to_video_synthesis",
    }
    | {
        "unclip",
        "unidiffuser",
        "versatile_diffusion",
        "vq_diffusion",
        "wan",
        "wuerstchen",
        "qwenimage",
        "bria",
        "chroma",
    }
)
_NAME = re.compile(r"[\w.]{1,200}")
# What the configurations of models list the kinds of their blocks under. No pipeline has a part of such a name, and
# what a pipeline has no part for is not loaded.
_BLOCKS = frozenset(
    {"down_block_types", "up_block_types", "encoder_down_block_types", "decoder_down_block_types"}
    | {"decoder_up_block_types", "downsample_type", "upsample_type", "timestep_conditioning_type"}
    | {"feats_seq", "feats_cond_seq", "feats_pair_cond", "feats_pair_repr", "encoder_feats_seq", "decoder_feats_seq"}
)


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge an index, part by part."""
    if "_class_name" not in node:
        return
    kind = node["_class_name"]
    if isinstance(kind, list) and kind:
        yield from _own(str(kind[0]), str(kind[-1]))
    elif isinstance(kind, str) and not _NAME.fullmatch(kind):
        yield Found(REMOTE_CODE, f"the pipeline's class is {short(kind)}", subject=kind[:200])
    for key, value in node.items():
        if isinstance(value, list) and len(value) >= _PAIR and key not in _BLOCKS and not key.startswith("_"):
            yield from _part(value[:_PAIR])
            yield from _described(value[_PAIR] if len(value) > _PAIR else None)


def _part(pair: object) -> Iterator[Event]:
    """Judge a library and a class in it."""
    if isinstance(pair, list) and len(pair) == _PAIR and all(isinstance(item, str) for item in pair):
        library, name = pair
        if library not in _LIBRARIES and library not in _PIPELINES:
            yield from _own(library, name)


def _described(component: object) -> Iterator[Event]:
    """Judge where a part of a modular pipeline comes from, and of which class it is."""
    if isinstance(component, dict):
        yield from _part(component.get("type_hint"))
        repository, revision = component.get("repo"), component.get("revision")
        if isinstance(repository, str) and repository:
            yield Requires(Fetches.MODEL, repository[:500], str(revision or "")[:200])


def _own(library: str, name: str) -> Iterator[Event]:
    """Report a part whose class is in a file of the repository, or in a module that is no library for models."""
    yield Found(
        REMOTE_CODE, f"{short(f'{library}.{name}')} is a part of the pipeline", subject=f"{library}.{name}"[:200]
    )
    yield Requires(Fetches.CODE, f"{library[:400]}.py")


JUDGE = Judge(judge, (REMOTE_CODE,))
