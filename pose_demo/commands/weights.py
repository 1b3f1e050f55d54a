"""`weights`: list, fetch, verify, import and pack from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import weights
from ..locales import say
from . import network_options


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Registers `weights` and its actions with the subparsers of an argparse parser; args.run is `run`."""
    parser = subparsers.add_parser(
        "weights",
        help="list, fetch, verify, import or pack weights",
        description="The weights that the app knows. Files go to a cache folder; POSE_DEMO_WEIGHTS names another.",
    )
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, does: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=does, description=does[0].upper() + does[1:] + ".")
        made.add_argument("--json", action="store_true", help="print one JSON value instead of text")
        return made

    def takes_name(made: argparse.ArgumentParser, **more: Any) -> None:
        made.add_argument("name", metavar="NAME", type=_known, help="as `weights list` shows it", **more)

    action("list", "show every set of weights, whether it is here, and its figure")
    fetching = action("fetch", "download weights, or go on with a download that broke off")
    fetching.set_defaults(interrupted="interrupted; what has arrived is kept, and the next fetch goes on there")
    takes_name(fetching)
    takes_name(action("verify", "compare a file with its SHA-256, or every file that is here"), nargs="?")
    importing = action("import", "take in a file that you have, if it is the right one")
    takes_name(importing)
    importing.add_argument("file", metavar="FILE", type=Path, help="stays where it is; a copy is made")
    packing = action("pack", "make weights ready to ship, of a training run or from elsewhere, with a card beside them")
    packing.add_argument("run_file", metavar="FILE", type=Path, help="the best.pt that `train` wrote, or any weights")
    packing.add_argument("new_name", metavar="NAME", help="what they shall be called, as hrnet-w18-lsp")
    packing.add_argument("--out", type=Path, required=True, metavar="DIR", help="where NAME.safetensors goes")
    packing.add_argument(
        "--test", type=Path, nargs="+", default=[], metavar="FILE", help="measure the written file on labelled .npz"
    )
    packing.add_argument("--licence", help="of weights that are none of `train`, or learned from data of your own")
    packing.add_argument("--source", help="where they are from: an address, or a few words")
    network_options.add_options(packing)
    packing.add_argument("--pair", type=int, choices=(1, 2), help="their place in the pair that the page opens with")
    measuring = action("measure", "measure weights that ship again, and write the figures into their card")
    takes_name(measuring)
    measuring.add_argument(
        "--test",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="labelled .npz files; for what finds people also photos.json",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """0 if it worked, 1 if a file is not what it should be."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "fetch": _fetch, "verify": _verify, "import": _import, "pack": _pack,
        "measure": _measure,
    }  # fmt: skip
    return actions[args.action](args)


def _known(name: str) -> str:
    try:
        return weights.entry(name).name
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _list(args: argparse.Namespace) -> int:
    entries = list(weights.manifest().values())
    if args.json:
        _print_json([{**asdict(e), "path": _text(weights.find(e.name))} for e in entries])
        return 0
    rows = [("name", "network", "joints", "input", "here", "figure")]
    for e in entries:
        here = "yes" if weights.find(e.name) else "no"
        rows.append((e.name, e.network, e.joints, f"{e.input[0]}x{e.input[1]}", here, _figure(e)))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    with tqdm(desc=args.name, unit="B", unit_scale=True, disable=True if args.json else None) as bar:  # None: no tty

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = weights.fetch(args.name, progress)
    return _done(args, path)


def _import(args: argparse.Namespace) -> int:
    return _done(args, weights.import_file(args.name, args.file))


def _pack(args: argparse.Namespace) -> int:
    from ..networks import zoo
    from ..networks.model import card_of
    from ..training.pack import pack

    more = {"licence": args.licence, "source": args.source, **network_options.card_fields(args)}
    card = weights.beside(pack(args.run_file, args.new_name, args.out, args.test, args.pair, **more))
    if card.assumed and not args.json:
        granted = card_of(zoo.open(args.out / card.file)).granted
        print(say("en", "compare.assumed", name=args.new_name, assumed=granted))
    return _said(args, args.new_name, args.out / card.file, card.licence)


def _measure(args: argparse.Namespace) -> int:
    from ..training.pack import measure

    return _done(args, measure(weights.HOME / f"{weights.canonical(args.name)}.toml", args.test))


def _done(args: argparse.Namespace, path: Path) -> int:
    return _said(args, args.name, path, weights.entry(args.name).licence)


def _said(args: argparse.Namespace, name: str, path: Path, licence: str) -> int:
    if args.json:
        _print_json({"name": name, "path": str(path), "licence": licence})
    else:
        print(say("en", "weights.at", name=name, path=path, licence=licence))
    return 0


def _verify(args: argparse.Namespace) -> int:
    names = [args.name] if args.name else [name for name in weights.manifest() if weights.find(name)]
    results = []
    for name in names:
        try:
            weights.verify(name)
            results.append({"name": name, "path": _text(weights.find(name)), "right": True, "error": None})
        except OSError as problem:
            results.append({"name": name, "path": _text(weights.find(name)), "right": False, "error": str(problem)})
    if args.json:
        _print_json(results)
    for result in results:
        if result["error"]:
            print(result["error"], file=sys.stderr)
        elif not args.json:
            print(say("en", "weights.right", **result))
    if not results and not args.json:
        print(say("en", "weights.none"))
    return 0 if all(result["right"] for result in results) else 1


def _figure(entry: weights.Entry) -> str:
    """The published figure, and whether the reference's own code finds the same joints; of our own the one measured."""
    if entry.trained == "published":
        p = entry.published
        figure = f"{p['metric']} {p['value']} on {p['set']} ({p['source']})" if p else "unknown"
        return f"{figure}; {say('en', 'weights.unproven')}" if entry.unproven else figure
    if entry.measured and {"metric", "value", "set"} <= entry.measured[0].keys():
        m = entry.measured[0]
        alone = f"; {say('en', 'weights.single')}" if entry.single else ""
        return f"{m['metric']} {m['value']} on {m['set']} (measured here; {entry.trained}{alone})"
    return f"not measured ({entry.trained})"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))
