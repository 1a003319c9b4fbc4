"""Weights that somebody else trained: timm's own from the hub, or a checkpoint on disk."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import timm
from timm.models import load_state_dict
from torch import Tensor, nn

import merbench

__all__ = ["config_of", "find_weights", "fitted", "knock", "with_paths"]

HUB_SECONDS = 5  # for an answer of any kind
WITHOUT = "leave pretrained out to start from random weights, or name a file: --set pretrained=PATH"
FILES = ("model.safetensors", "pytorch_model.bin")  # as timm's repositories on the hub have them


def with_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """A model's options with the path of the file in place of `pretrained=true`, so that a record holds its digest.

    Raises:
        merbench.OptionError: as `find_weights`, before any clip is read.
    """
    asked = options.get("pretrained")
    if asked is True or isinstance(asked, str):
        return {**options, "pretrained": str(find_weights(options["architecture"], asked))}
    return dict(options)


def find_weights(architecture: str, pretrained: bool | str) -> Path:
    """The file with the weights: the one that was named, or timm's own.

    Raises:
        merbench.OptionError: there is no such file, or timm has none, or the hub cannot be reached.
    """
    if isinstance(pretrained, str):
        return _named(pretrained)
    config = timm.get_pretrained_cfg(architecture)
    if config is None or not config.hf_hub_id or config.custom_load:
        raise merbench.OptionError(f"pretrained=true: timm has no weights of {architecture} on the hub; {WITHOUT}")
    return _from_hub(config.hf_hub_id, (config.hf_hub_filename,) if config.hf_hub_filename else FILES)


def _named(text: str) -> Path:
    if not text.strip():  # as --set pretrained=$WEIGHTS where the variable is not set
        raise merbench.OptionError(f"pretrained={text}: no value is given; {WITHOUT}")
    try:
        path = Path(text).expanduser()
        found = path.is_file()
    except (OSError, RuntimeError) as error:  # a folder that may not be entered, a name too long, nobody's home
        raise merbench.OptionError(f"pretrained={text}: {error}") from error
    if not found:
        raise merbench.OptionError(f"pretrained={text}: no such file; it must be a checkpoint, or true")
    if not path.suffix:  # else the run's plan takes it for a word, not a file
        raise merbench.OptionError(f"pretrained={text}: the file's name must end with its kind, as in weights.pth")
    return path


def _from_hub(repository: str, names: tuple[str, ...]) -> Path:
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    for name in names:
        if isinstance(cached := try_to_load_from_cache(repository, name), str):
            return Path(cached)
    title = f"pretrained=true: the weights {repository} are not in the hub's cache"
    if constants.HF_HUB_OFFLINE:
        raise merbench.OptionError(f"{title}, and HF_HUB_OFFLINE is set; {WITHOUT}")
    knock(constants.ENDPOINT, title)
    for name in names:
        try:
            return Path(hf_hub_download(repository, name, etag_timeout=HUB_SECONDS))
        except LocalEntryNotFoundError:
            break
        except EntryNotFoundError:
            continue
        except Exception as error:  # the hub's client raises what its transport raises
            raise merbench.OptionError(f"{title}, and loading failed: {type(error).__name__}; {WITHOUT}") from error
    raise merbench.OptionError(f"{title}, and could not be had from {constants.ENDPOINT}; {WITHOUT}")


def knock(endpoint: str, title: str) -> None:
    """Whether a server answers at `endpoint` (a URL); the hub's own client would try for half a minute.

    Raises:
        merbench.OptionError: none does; `title` begins the sentence.
    """
    try:
        urlopen(Request(endpoint, method="HEAD"), timeout=HUB_SECONDS).close()
    except HTTPError:
        return  # an answer, if not a kind one
    except (OSError, ValueError, HTTPException) as error:
        raise merbench.OptionError(f"{title}, and {endpoint} cannot be reached; {WITHOUT}") from error


def fitted(path: Path, network: nn.Module, in_chans: int) -> dict[str, Any]:
    """What timm's loading is to replace in an architecture's configuration, so that it takes the weights in a file.

    timm renames what older checkpoints call otherwise, resizes position embeddings to the image size, and adapts the
    first convolution from 3 channels to `in_chans` by repeating them, scaled so that the sums stay.

    Args:
        path: a checkpoint of tensors alone, as `timm.models.load_state_dict` reads it.
        network: timm's, with its own random weights; a head of another shape than the file's stays as it is here.
        in_chans: channels that the network was built for.

    Raises:
        merbench.OptionError: the file is not a checkpoint of tensors, or its first convolution cannot be adapted.
    """
    config, own, state = config_of(network), network.state_dict(), _read(path)
    for layer in _names(config.get("classifier")):
        for name in (f"{layer}.weight", f"{layer}.bias"):
            if name in state and name in own and state[name].shape != own[name].shape:
                state[name] = own[name]
    stems = [f"{layer}.weight" for layer in _names(config.get("first_conv"))]
    same = any(name in state and name in own and state[name].shape == own[name].shape for name in stems)
    channels, *size = config["input_size"]
    # timm would leave such a first layer at random, and then any other that the file lacks too.
    if in_chans != channels and not same and any(_odd(own[name], in_chans) for name in stems if name in own):
        raise merbench.OptionError(
            f"pretrained={path} does not fit timm's {config['architecture']} with {in_chans} channels: timm cannot "
            "adapt its first layer; take a feature of 3 channels, or leave pretrained out"
        )
    return {
        "state_dict": state,
        "num_classes": network.num_classes,
        "label_offset": 0,
        "input_size": (in_chans if same else channels, *size),
    }


def config_of(network: nn.Module) -> Mapping[str, Any]:
    """The configuration that timm stores in each network that it makes: input size, mean, names of layers, ..."""
    config: Any = network.pretrained_cfg
    return dict(config)


def _odd(weight: Tensor, in_chans: int) -> bool:
    """Whether a layer sees an image otherwise than channel by channel, so that timm cannot adapt it to more."""
    return weight.ndim != 4 or weight.shape[1] != in_chans


def _names(layers: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (layers,) if isinstance(layers, str) else tuple(layers or ())


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors in a checkpoint by name; no code in it is run.

    Raises:
        merbench.OptionError: it is none.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            state = load_state_dict(str(path), weights_only=True)
        found = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except Exception as error:  # not the reader's own words: torch advises to run the code in the file
        raise merbench.OptionError(
            f"pretrained={path} is not a checkpoint of tensors alone: cut off, of another kind, or with code in it, "
            "which is never run; save it with torch.save(network.state_dict(), path), or as .safetensors"
        ) from error
    if not found:
        raise merbench.OptionError(f"pretrained={path} holds no tensor by name, so it is not a checkpoint")
    return found
