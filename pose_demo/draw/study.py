"""A study's result.json as Plotly figures: the page's Study tab and the study's own HTML page show the same."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..locales import UserError, say, word
from .study_words import MEASURES, change, main_measure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

#: Of the figures that are being drawn.
_LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
#: Okabe and Ito's colours, one a network; and from good to bad, one a kind of error.
NETWORKS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
KINDS = {"good": "#009E73", "jitter": "#56B4E9", "inversion": "#E69F00", "swap": "#CC79A7", "miss": "#999999"}


def figures(result: dict[str, Any], language: str = "en") -> list[tuple[str, Figure]]:
    """(heading, figure) pairs of any study's result, in the order in which they are to be read."""
    draw: dict[str, Callable[[dict[str, Any]], list[tuple[str, Figure]]]] = {
        "accuracy": _accuracy, "upsampling": _upsampling, "depth": _depth, "resolution": _resolution,
        "faults": _faults, "silence": _silence, "seeds": _seeds,
    }  # fmt: skip
    if result.get("study") not in draw:
        raise UserError("study.unknown", study=repr(result.get("study")), known=", ".join(draw))
    token = _LANGUAGE.set(language)
    try:
        return draw[result["study"]](result)
    finally:
        _LANGUAGE.reset(token)


def _t(key: str, /, **values: Any) -> str:
    return say(_LANGUAGE.get(), f"figure.{key}", **values)


def _word(group: str, value: str) -> str:
    return word(_LANGUAGE.get(), group, value)


def titled(measure: str) -> str:
    return _word("measure", measure)


def _joints(names: Any) -> list[str]:
    return [_word("joint", name) for name in names]


# --- one study each --------------------------------------------------------------------------------------------------


def _accuracy(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    rows, measure = result["rows"], main_measure(result)
    names = [m for m in MEASURES if any(m in row["measures"] for row in rows)]
    overall = [
        {
            **_spread([row["measures"].get(m) for m in names], "x"),
            "y": [titled(m) for m in names],
            **_look(rows, row),
        }
        for row in rows
    ]
    joints = [
        {**_spread(list(row["per_joint"][measure].values()), "x"), "y": _joints(row["per_joint"][measure]),
         **_look(rows, row)}
        for row in rows if measure in row["per_joint"]
    ]  # fmt: skip
    found = [(_t("over_all"), _dots(overall, _t("right_share"), 90 + 70 * len(names)))]
    found.append((_t("by_joint"), _dots(joints, titled(measure), 120 + 34 * len(joints[0]["y"]) if joints else 200)))
    if tests := [t for t in result["tests"] if t["measure"] in (*MEASURES, "OKS-AP")]:
        found.append(_differences(result, tests))
    return found


def _upsampling(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    measure, lines, shifts = main_measure(result), [], []
    for network in dict.fromkeys(row["network"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["network"] == network]
        look = _look(result["rows"], rows[0])
        stops = [_stop(row) for row in rows]
        lines.append({**_spread([row["measures"].get(measure) for row in rows], "y"), "x": stops, **look,
                      "mode": "lines+markers"})  # fmt: skip
        shifts.append({**_spread([row["shift"]["torsos"] for row in rows], "x"), "y": stops, **look})
    found = [
        (_t("every_stop"), _scatter(lines, _t("at_test"), titled(measure))),
        (_t("far"), _dots(shifts, _t("shift"), 280)),
    ]
    if tests := [t for t in result["tests"] if t["measure"] == measure]:
        found.append(_differences(result, tests))
    every = [c["value"] for row in result["rows"] if (c := row["measures"].get("pck@0.2")) and c["value"] is not None]
    shades = (min(every, default=0), max(every, default=1))
    return found + [(_t("grid", network=g["architecture"]), _grid(g, shades)) for g in result["grids"]]


def _stop(row: dict[str, Any]) -> str:
    stop = _word("stop", row["upsampling"])
    return _t("trained_stop", stop=stop) if row["upsampling"] == row["trained_with"] else stop


def _depth(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    measure = main_measure(result)
    symbols = {"supervised": "circle", "unsupervised": "circle-open", "a probe": "circle-open", "the output": "star"}
    traces = _over_cost(result, measure, lambda row: f"{row['level']}, {_word('levels', row['kind'])}",
                        lambda row: symbols[row["kind"]], lambda row: row["level"])  # fmt: skip
    return [(_t("on_way"), _scatter(traces, _t("so_far"), titled(measure), zero=True))]


def _resolution(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    measure = main_measure(result)

    def says(row: dict[str, Any]) -> str:
        (h, w), (a, b) = row["size"], row["coarsest_map"]
        return _t("size_trained" if row["trained_size"] else "size", size=f"{h}x{w}", coarsest=f"{a}x{b}")

    traces = _over_cost(result, measure, says, lambda row: "star" if row["trained_size"] else "circle",
                        lambda row: "x".join(map(str, row["coarsest_map"])))  # fmt: skip
    return [(_t("by_size"), _scatter(traces, "GMAC", titled(measure), zero=True))]


def _faults(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    from plotly.graph_objects import Bar, Figure

    rows = result["rows"]
    bars = [
        Bar(name=_word("fault", kind), y=[row["label"] for row in rows],
            x=[row["kinds"][kind]["value"] for row in rows], orientation="h", marker_color=colour,
            hovertemplate=f"%{{y}}: %{{x:.1%}} {_word('fault', kind)}<extra></extra>")
        for kind, colour in KINDS.items()
    ]  # fmt: skip
    shares = _styled(Figure(bars), _t("marked_share"), "", 130 + 50 * len(rows))
    shares.update_layout(barmode="stack", yaxis={"autorange": "reversed", "automargin": True}, xaxis_tickformat=".0%")
    found = [(_t("kinds"), shares)]
    found += [(_t("kinds_by_joint", network=row["label"]), _kinds_per_joint(row, rows)) for row in rows]
    names = {row["column"]: row["label"] for row in rows}
    found += [(_t("against", a=names[d["a"]], b=names[d["b"]]), _table(d, names)) for d in result["disagreements"]]
    return found


def _silence(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    """Of each network the mean shift of all joints by cut, and of each joint; a cut that leaves no answer is blank."""
    from plotly.graph_objects import Figure, Heatmap

    found, most = [], max((e["value"] or 0 for row in result["rows"] for e in row["moves"].values()), default=1)
    for network in dict.fromkeys(row["network"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["network"] == network and row["cut"]]
        if not rows:
            continue
        moved = {**_spread([row["shift"]["torsos"] for row in rows], "x"), "y": [row["cut"] for row in rows],
                 **_look(result["rows"], rows[0])}  # fmt: skip
        title, joints = rows[0]["title"], list(rows[0]["moves"])
        found.append((_t("arrows", title=title), _dots([moved], _t("arrow_shift"), 110 + 24 * len(rows))))
        values = [[row["moves"][joint]["value"] for joint in joints] for row in rows]
        ranges = [[_range(row["moves"][joint]) for joint in joints] for row in rows]
        hover = _t("arrow_hover", cut="%{y}", joint="%{x}", shift="%{z:.2f}", range="%{customdata}") + "<extra></extra>"
        heat = Heatmap(
            z=values, customdata=ranges, x=[_word("joint", joint) for joint in joints],
            y=[row["cut"] for row in rows], zmin=0, zmax=most or 1,
            colorscale="Viridis", colorbar={"title": _t("torsos")}, hovertemplate=hover,
        )  # fmt: skip
        figure = _no_lines(_styled(Figure(heat), "", "", 140 + 22 * len(rows)))
        figure.update_yaxes(autorange="reversed")
        found.append((f"{_t('by_joint')}: {title}", figure))
    return found


def _range(found: dict[str, Any]) -> str:
    """An interval in brackets, where there is one."""
    return "" if found["low"] is None else f" ({found['low']:.2f} – {found['high']:.2f})"


def _seeds(result: dict[str, Any]) -> list[tuple[str, Figure]]:
    rows, measure = result["rows"], main_measure(result)
    means = {**_spread([row["measures"][measure] for row in rows], "x"), "y": [row["label"] for row in rows],
             **_look(rows, rows[0]), "showlegend": False}  # fmt: skip
    found = [(_t("seeds_mean"), _dots([means], titled(measure), 120 + 34 * len(rows)))]
    return found + [_differences(result, result["tests"])] * bool(result["tests"])


# --- the drawings ----------------------------------------------------------------------------------------------------


def _over_cost(
    result: dict[str, Any],
    measure: str,
    says: Callable[[dict], str],
    symbol: Callable[[dict], str],
    short: Callable[[dict], str],
) -> list[dict[str, Any]]:
    """One line a network: accuracy over GMAC, each point named in short, and at length where the pointer is."""
    traces = []
    for network in dict.fromkeys(row["network"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["network"] == network]
        look = _look(result["rows"], rows[0])
        look["marker"] = {**look["marker"], "symbol": [symbol(row) for row in rows], "size": 11}
        traces.append({
            **_spread([row["measures"].get(measure) for row in rows], "y"), "x": [row["gmac"] for row in rows], **look,
            "mode": "lines+markers+text", "text": [short(row) for row in rows], "textposition": "top right",
            "textfont": {"color": look["line"]["color"], "size": 11}, "hovertext": [says(row) for row in rows],
            "hovertemplate": "%{hovertext}<br>%{x:.2f} GMAC, %{y:.3f}<extra>%{fullData.name}</extra>",
        })  # fmt: skip
    return traces


def _dots(traces: list[dict[str, Any]], title: str, height: int) -> Figure:
    """Points with intervals, one line of the y axis a subject of the comparison, networks side by side."""
    from plotly.graph_objects import Figure, Scatter

    result = Figure([Scatter(mode="markers", orientation="h", **trace) for trace in traces])
    _styled(result, title, "", height)
    result.update_layout(scattermode="group", yaxis={"autorange": "reversed", "automargin": True})
    return result


def _scatter(traces: list[dict[str, Any]], x: str, y: str, zero: bool = False) -> Figure:
    from plotly.graph_objects import Figure, Scatter

    result = _styled(Figure([Scatter(**trace) for trace in traces]), x, y, 420)
    if zero:
        result.update_xaxes(rangemode="tozero")
    return result


def _differences(result: dict[str, Any], tests: list[dict[str, Any]]) -> tuple[str, Figure]:
    """Heading and figure of paired differences; what all of them share stands in the heading, the rest at the axis."""
    rows = {row["column"]: row for row in result["rows"]}
    pairs = {(t["a"], t["b"]) for t in tests}
    measures = {t["measure"]: titled(t["measure"]) for t in tests}
    labels, p = [], []
    for t in tests:
        whose, what = change(rows[t["a"]], rows[t["b"]])
        parts = [whose, _word("stop", what)] if whose else [what, _t("less", network=rows[t["a"]]["label"])]
        parts = [] if len(pairs) == 1 else parts
        labels.append("<br>".join(parts + [measures[t["measure"]]] * (len(measures) > 1 or not parts)))
        p.append("" if t["p_bootstrap"] is None else _t("bootstrap", p=t["p_bootstrap"]))
    colours = [_look(result["rows"], rows[t["b"]])["marker"]["color"] for t in tests]
    trace = {**_spread([t["difference"] for t in tests], "x"), "y": labels, "text": p, "showlegend": False,
             "marker": {"color": colours, "size": 9},
             "hovertemplate": "%{y}: %{x:.3f}, %{text}<extra></extra>"}  # fmt: skip
    trace["error_x"]["color"] = "#808080"  # points of several colours leave the bars black
    lines = 1 + max(label.count("<br>") for label in labels)
    figure = _dots([trace], _t("better"), 90 + (26 + 18 * lines) * len(tests))
    figure.add_vline(x=0, line={"color": "#808080", "dash": "dot"})
    a, b = (rows[column] for column in next(iter(pairs)))
    if len(pairs) == 1:
        return _t("difference", b=b["label"], a=a["label"]), figure
    alike = change(a, b)[0]
    said = f", {next(iter(measures.values()))}" if len(measures) == 1 else ""
    return (_t("from_trained") + said if alike else _t("between")), figure


def _grid(grid: dict[str, Any], shades: tuple[float, float]) -> Figure:
    """Stops trained with by stops tested with.

    shades -- lowest and highest PCK of the study: all its grids share one scale
    """
    from plotly.graph_objects import Figure, Heatmap

    cells, trained = grid["cells"], grid["trained_modes"]
    tested = list(cells[trained[0]])
    values, texts = [], []
    for t in trained:
        found = [[c["value"] for c in cells[t][s] if c["value"] is not None] for s in tested]
        values.append([sum(v) / len(v) if v else None for v in found])
        texts.append([f"{sum(v) / len(v):.3f}" + (f"<br>{_t('runs', count=len(v))}" if len(v) > 1 else "") if v
                      else "" for v in found])  # fmt: skip
    heat = Heatmap(z=values, x=[_word("stop", s) for s in tested], y=[_word("stop", s) for s in trained],
                   text=texts, texttemplate="%{text}", colorscale="Cividis",
                   zmin=shades[0], zmax=shades[1], showscale=False,
                   hovertemplate=f"{_t('grid_cell', y='%{y}', x='%{x}', text='%{text}')}<extra></extra>")  # fmt: skip
    return _no_lines(_styled(Figure(heat), "", _t("trained_with"), 130 + 60 * len(trained)))


def _kinds_per_joint(row: dict[str, Any], beside: list[dict[str, Any]]) -> Figure:
    """Kinds by joints, on a scale that all rows of the study share."""
    from plotly.graph_objects import Figure, Heatmap

    joints, kinds = list(row["kinds_per_joint"]), [k for k in KINDS if k != "good"]
    values = [[row["kinds_per_joint"][j][k]["value"] for j in joints] for k in kinds]
    every = [r["kinds_per_joint"][j][k]["value"] or 0 for r in beside for j in joints for k in kinds]
    heat = Heatmap(z=values, x=_joints(joints), y=[_word("fault", k) for k in kinds],
                   colorscale="Viridis", zmin=0, zmax=max(every) or 1,
                   colorbar={"tickformat": ".0%"},
                   hovertemplate="%{x}: %{z:.1%} %{y}<extra></extra>")  # fmt: skip
    return _no_lines(_styled(Figure(heat), "", "", 300))


def _table(disagreement: dict[str, Any], names: dict[str, str]) -> Figure:
    from plotly.graph_objects import Figure, Heatmap

    table, kinds = disagreement["table"], [_word("fault", kind) for kind in disagreement["kinds"]]
    total = max(1, sum(map(sum, table)))
    shares = [[count / total for count in line] for line in table]
    heat = Heatmap(z=shares, x=kinds, y=kinds, text=[[f"{s:.1%}" for s in line] for line in shares], zmin=0,
                   texttemplate="%{text}", colorscale="Viridis", colorbar={"tickformat": ".0%"},
                   hovertemplate=f"{_t('both_kinds', y='%{y}', x='%{x}', text='%{text}')}<extra></extra>")  # fmt: skip
    figure = _styled(Figure(heat), names[disagreement["b"]], names[disagreement["a"]], 400)
    figure.update_yaxes(autorange="reversed")
    return _no_lines(figure)


def _look(rows: list[dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    """Name and colour of a network, the same in every figure of a result."""
    networks = list(dict.fromkeys(r["network"] for r in rows))
    titles = {r["network"]: r["title"] for r in rows}
    name = titles[row["network"]] if list(titles.values()).count(row["title"]) == 1 else row["network"]
    untrained = f" - {_t('untrained')}" if row.get("status") == "untrained" else ""
    colour = NETWORKS[networks.index(row["network"]) % len(NETWORKS)]
    return {"name": name + untrained, "marker": {"color": colour, "size": 9}, "line": {"color": colour}}


def _spread(estimates: list[dict[str, Any] | None], axis: str) -> dict[str, Any]:
    """Values along an axis and their intervals as error bars."""
    known = [e or {"value": None, "low": None, "high": None} for e in estimates]
    values = [e["value"] for e in known]
    up = [e["high"] - e["value"] if e["high"] is not None and e["value"] is not None else 0 for e in known]
    down = [e["value"] - e["low"] if e["low"] is not None and e["value"] is not None else 0 for e in known]
    bars = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 4}
    return {axis: values, f"error_{axis}": bars}


def _no_lines(figure: Figure) -> Figure:
    figure.update_xaxes(showgrid=False, automargin=True)
    figure.update_yaxes(showgrid=False, automargin=True)
    return figure


def _styled(figure: Figure, x: str, y: str, height: int) -> Figure:
    """Legible on a light and on a dark page."""
    lines = {"gridcolor": "rgba(128,128,128,.25)", "zeroline": False, "automargin": True}
    figure.update_layout(
        height=height, margin={"l": 8, "r": 16, "t": 16, "b": 48}, font={"color": "#808080", "size": 14},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        xaxis={**lines, "title": x}, yaxis={**lines, "title": y},
    )  # fmt: skip
    return figure
