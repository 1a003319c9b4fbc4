"""Pretrained weights: timm's own from the hub, or a checkpoint on disk."""

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

HUB_SECONDS = 5  # to wait for an answer
WITHOUT = "leave pretrained out to start from random weights, or name a file: --set pretrained=PATH"
FILES = ("model.safetensors", "pytorch_model.bin")  # in timm's repositories on the hub


def with_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """A model's options with the path of the file instead of `pretrained=true`, so that a record has its digest.

    Raises:
        merbench.OptionError: as in `find_weights`, before any clip is read.
    """
    asked = options.get("pretrained")
    if asked is True or isinstance(asked, str):
        return {**options, "pretrained": str(find_weights(options["architecture"], asked))}
    return dict(options)


def find_weights(architecture: str, pretrained: bool | str) -> Path:
    """The file with the weights: the named file, or timm's own.

    Raises:
        merbench.OptionError: the file does not exist, timm has no weights, or the hub cannot be reached.
    """
    if isinstance(pretrained, str):
        return _named(pretrained)
    config = timm.get_pretrained_cfg(architecture)
    if config is None or not config.hf_hub_id or config.custom_load:
        raise merbench.OptionError(f"pretrained=true: timm has no weights for {architecture} on the hub; {WITHOUT}")
    return _from_hub(config.hf_hub_id, (config.hf_hub_filename,) if config.hf_hub_filename else FILES)


def _named(text: str) -> Path:
    if not text.strip():  # --set pretrained=$WEIGHTS with an unset variable
        raise merbench.OptionError(f"pretrained={text}: the value is empty; {WITHOUT}")
    try:
        path = Path(text).expanduser()
        found = path.is_file()
    except (OSError, RuntimeError) as error:  # a folder without permission, a name too long, an unknown user's home
        raise merbench.OptionError(f"pretrained={text}: {error}") from error
    if not found:
        raise merbench.OptionError(f"pretrained={text}: no such file; it must be a checkpoint, or true")
    if not path.suffix:  # without one, the run's plan would not recognise it as a file
        raise merbench.OptionError(f"pretrained={text}: the file name needs an extension, as in weights.pth")
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
        except Exception as error:  # the hub's client may raise anything
            raise merbench.OptionError(f"{title}, and loading failed: {type(error).__name__}; {WITHOUT}") from error
    raise merbench.OptionError(f"{title}, and cannot be downloaded from {constants.ENDPOINT}; {WITHOUT}")


def knock(endpoint: str, title: str) -> None:
    """Check that a server answers at `endpoint` (a URL); the hub's own client would try for half a minute.

    Raises:
        merbench.OptionError: no server answers; `title` begins the message.
    """
    try:
        urlopen(Request(endpoint, method="HEAD"), timeout=HUB_SECONDS).close()
    except HTTPError:
        return  # an error is an answer too
    except (OSError, ValueError, HTTPException) as error:
        raise merbench.OptionError(f"{title}, and {endpoint} cannot be reached; {WITHOUT}") from error


def fitted(path: Path, network: nn.Module, in_chans: int) -> dict[str, Any]:
    """Entries that replace those in an architecture's configuration, so that timm loads the weights in a file.

    timm renames the tensors of older checkpoints, resizes position embeddings to the image size, and adapts the first
    convolution from 3 channels to `in_chans` by repeating them, scaled so that the sums stay.

    Args:
        path: a checkpoint that contains only tensors, as `timm.models.load_state_dict` reads it.
        network: timm's, with random weights; a head with another shape than in the file keeps these weights.
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
    # timm would keep random weights in such a first layer, and then in any other layer that is not in the file.
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
    """Whether a layer does not see an image channel by channel, so that timm cannot adapt it to more channels."""
    return weight.ndim != 4 or weight.shape[1] != in_chans


def _names(layers: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (layers,) if isinstance(layers, str) else tuple(layers or ())


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors in a checkpoint by name; code in the file is never run.

    Raises:
        merbench.OptionError: the file is not a checkpoint of tensors.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            state = load_state_dict(str(path), weights_only=True)
        found = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    except Exception as error:  # torch's own message is not shown, because it advises to run the code in the file
        raise merbench.OptionError(
            f"pretrained={path} is not a checkpoint of tensors: it is cut off, has another format, or contains code, "
            "which is never run; save it with torch.save(network.state_dict(), path), or as .safetensors"
        ) from error
    if not found:
        raise merbench.OptionError(f"pretrained={path} contains no named tensor, so it is not a checkpoint")
    return found
