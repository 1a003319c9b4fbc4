"""Loads a network out of the authors' own files: what it needs of them, and nothing else that they would run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

# Repositories, and their folders below --reference.
CLONES = ("HTNet", "MMNet", "HSTA_MER", "STSTNet", "meb", "ParameterFreeRCNs-MicroExpressionRec")


def clone(reference: Path | None, name: str) -> Path | None:
    """The folder of a clone, where it is there."""
    return reference / name if reference is not None and (reference / name).is_dir() else None


def released(name: str, file: Path, *beside: Path) -> Any:
    """The class or function `name` that a file defines.

    As scripts the files cannot be imported: they read command lines, and import what was never released or no longer
    exists. So of the statements at a file's top level only those run that give a name which the class uses, or which
    one of these uses in turn; and of an import only that name. What a file imports that one of the files `beside` it
    defines is taken from there, under whatever name it imports the file.

    Raises:
        SystemExit: there is no such file or definition; or something that it needs cannot be imported.
    """
    if not file.is_file():
        raise SystemExit(f"{file} is missing: is {file.parent} a clone of the authors' repository?")
    parts = [part for statement in ast.parse(file.read_text("utf-8")).body for part in named(statement)]
    if not any(given == name and not is_import(part) for given, part in parts):
        raise SystemExit(f"{file} defines no {name}")
    wanted, module = needed(name, parts), ModuleType(f"released_{file.stem}")
    body: list[ast.stmt] = []
    for given, part in parts:
        source = next((one for one in beside if is_import(part) and given in defined(one)), None)
        if given in wanted and source is not None:
            setattr(module, given, released(given, source, *(one for one in beside if one != source)))
        elif given in wanted:
            body.append(part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of packages that have moved what these files import
        run(body, module, file)
    return getattr(module, name)


def run(body: list[ast.stmt], module: ModuleType, file: Path) -> None:
    """Runs statements of the file in the module."""
    try:
        exec(compile(ast.Module(body, []), str(file), "exec"), module.__dict__)
    except ImportError as error:
        raise SystemExit(f"{file} needs what cannot be imported: {error}") from error


def defined(file: Path) -> set[str]:
    """Names of the file's classes and functions."""
    return {
        one.name for one in ast.parse(file.read_text("utf-8")).body if isinstance(one, ast.ClassDef | ast.FunctionDef)
    }


def named(statement: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    """Each name that the statement gives, with the least of it that gives that name; nothing for one without names."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            yield name, statement
        case ast.Import(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.split(".")[0], ast.copy_location(ast.Import([alias]), statement)
        case ast.ImportFrom(module=module, names=aliases, level=level):
            for alias in aliases:
                one = ast.ImportFrom(module, [alias], level)
                yield alias.asname or alias.name, ast.copy_location(one, statement)
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield name, statement


def is_import(statement: ast.stmt) -> bool:
    """Whether it is one."""
    return isinstance(statement, ast.Import | ast.ImportFrom)


def needed(name: str, parts: list[tuple[str, ast.stmt]]) -> set[str]:
    """`name`, the names that occur in what gives it, those that occur in what gives them, and so on."""
    found: set[str] = set()
    todo = {name}
    while todo:
        found |= todo
        inside = (node for given, part in parts if given in todo for node in ast.walk(part))
        todo = {node.id for node in inside if isinstance(node, ast.Name)} - found
    return found


def same_tensors(theirs: nn.Module, ours: nn.Module) -> nn.Module:
    """`theirs`, once it is sure that both networks hold tensors of the same names and shapes.

    Raises:
        SystemExit: they do not, so that a comparison would say nothing.
    """
    shapes = [{name: tuple(tensor.shape) for name, tensor in one.state_dict().items()} for one in (theirs, ours)]
    if shapes[0] != shapes[1]:
        odd = sorted(dict(shapes[0].items() ^ shapes[1].items()))
        raise SystemExit(
            f"{type(theirs).__name__} as released is another network than merbench's: {', '.join(odd[:5])}"
        )
    return theirs
