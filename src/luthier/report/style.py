"""Style sheet of a report, the only one that its page allows."""

from __future__ import annotations

from ..plots.backends.svg import write_style

_LIGHT = "--paper:#fff;--ink:#24292f;--soft:#57606a;--line:#d0d7de;--fill:#f6f8fa;--link:#0a5bb5;"
_LIGHT += "--warning:#a40e26;--advice:#7a4b00;--note:#0a5bb5"
_DARK = "--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b1;--line:#3d444d;--fill:#161b22;--link:#79b8ff;"
_DARK += "--warning:#ff9492;--advice:#f0b72f;--note:#79b8ff"
_FONT = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',Arial,sans-serif"
_CODE = "ui-monospace,'DejaVu Sans Mono',Consolas,monospace"

STYLE = "".join(
    (
        f":root{{color-scheme:light dark;{_LIGHT}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}",
        "*{box-sizing:border-box}",
        f"body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 {_FONT}}}",
        "header,nav,main{max-width:62rem;margin:0 auto;padding:0 1.25rem}",
        "header{padding-top:1.5rem}h1{margin:0;font-size:1.75rem;line-height:1.25}",
        "h1,h2,h3,dd,li,p{overflow-wrap:anywhere}td,th{overflow-wrap:break-word}",
        "header p{margin:.25rem 0;color:var(--soft)}",
        "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:.5rem 0;margin:.5rem 0;",
        "list-style:none;border-block:1px solid var(--line)}a{color:var(--link)}",
        "section{margin:2rem 0}h2{margin:0 0 .5rem;font-size:1.3rem}",
        "p,ul{margin:.5rem 0}main ul{padding-left:1.25rem}main li{margin:.3rem 0}",
        "#verdict{border:1px solid var(--line);border-radius:8px;background:var(--fill);",
        "padding:1rem 1.25rem}",
        "figure{margin:1rem 0}figure svg{max-width:100%;height:auto;display:block}",
        "figcaption{color:var(--soft);font-size:.9rem}",
        ".wide{overflow-x:auto;margin:.75rem 0}.wide:focus-visible{outline:2px solid var(--link)}",
        "table{border-collapse:collapse;font-size:.9rem}",
        "caption{text-align:left;color:var(--soft);padding:.25rem 0;white-space:nowrap}",
        "th,td{padding:.25rem .75rem;border-bottom:1px solid var(--line);text-align:left;",
        "vertical-align:top;max-width:32rem}",
        "thead th{background:var(--fill)}tbody th{font-weight:500}",
        ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}",
        "dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1.25rem}",
        "dt{color:var(--soft)}dd{margin:0}",
        "pre{background:var(--fill);border:1px solid var(--line);border-radius:6px;",
        f"padding:.75rem;overflow-x:auto;font:.85rem/1.45 {_CODE}}}",
        ".pre:focus-visible{outline:2px solid var(--link)}",
        "article{border-left:4px solid var(--line);padding:.1rem 0 .1rem 1rem;margin:1rem 0}",
        "article p+p{color:var(--soft);font-size:.9rem}",
        "h3{margin:0;font-size:1rem}h3 span{text-transform:uppercase;font-size:.75rem;",
        "letter-spacing:.05em;margin-right:.5rem}",
        *(
            f".{kind}{{border-color:var(--{kind})}}.{kind} h3 span{{color:var(--{kind})}}"
            for kind in ("warning", "advice", "note")
        ),
        "@media(max-width:40rem){dl{display:block}dd{margin-bottom:.5rem}}",
        "@media print{body{font-size:11pt}nav{display:none}section{margin:1rem 0}",
        "figure,article,tr,pre{break-inside:avoid}h2{break-after:avoid}",
        ".wide,pre{overflow:visible;white-space:pre-wrap}table{font-size:8pt}",
        "th,td{padding:.15rem .35rem;min-width:0}}",
        write_style(),
    )
)
"""Rules of the page and of its figures, light and dark, on a screen and on paper."""
