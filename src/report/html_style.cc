// The report page's style sheet. light-dark() follows color-scheme, which the theme switch sets.
// Contrast of text is at least 4.5:1 and of marks 3:1 in both themes; the series colours are
// distinguishable with the common colour vision deficiencies and never stand alone (shapes,
// dashes).

#include "report/html_parts.h"

namespace vlmhb::report::html {

const char* const kStyle = R"css(
:root{color-scheme:light dark;
--page:#f6f7f9;--card:#fff;--ink:#161b22;--soft:#56606d;--line:#dfe3e8;--grid:#e8ebef;
--accent:#0a58ca;--good:#0d6b3f;--good-bg:#dff5e8;--bad:#a3261b;--bad-bg:#fde8e5;
--warn:#6b4a00;--warn-bg:#fff3d1;--del:#ffd8d3;--ins:#ffe9b8;
--c0:#0b63c5;--c1:#c2410c;--c2:#0b7a57;--c3:#8b34a8;--c4:#846500;--c5:#0a7286;--c6:#b4235f;--c7:#59636e}
@supports (color:light-dark(#000,#fff)){:root{
--page:light-dark(#f6f7f9,#0e1217);--card:light-dark(#fff,#171c23);--ink:light-dark(#161b22,#e7ebf0);
--soft:light-dark(#56606d,#9aa5b3);--line:light-dark(#dfe3e8,#2c343e);--grid:light-dark(#e8ebef,#272e37);
--accent:light-dark(#0a58ca,#79b4ff);--good:light-dark(#0d6b3f,#7fe0ab);--good-bg:light-dark(#dff5e8,#12301f);
--bad:light-dark(#a3261b,#ffaaa0);--bad-bg:light-dark(#fde8e5,#3a1b18);
--warn:light-dark(#6b4a00,#ffd97a);--warn-bg:light-dark(#fff3d1,#322708);
--del:light-dark(#ffd8d3,#5a2621);--ins:light-dark(#ffe9b8,#54400c);
--c0:light-dark(#0b63c5,#6cb2ff);--c1:light-dark(#c2410c,#ff9c66);--c2:light-dark(#0b7a57,#4fd3a4);
--c3:light-dark(#8b34a8,#d9a2ee);--c4:light-dark(#846500,#e3c64d);--c5:light-dark(#0a7286,#5ed0e4);
--c6:light-dark(#b4235f,#ff90bb);--c7:light-dark(#59636e,#b6bfca)}}
:root:has(#theme-light:checked){color-scheme:light}
:root:has(#theme-dark:checked){color-scheme:dark}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.5rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
header.top,nav,main,footer{max-width:1160px;margin:0 auto;padding:0 20px}
header.top{display:flex;justify-content:space-between;align-items:flex-start;gap:16px;padding-top:28px;padding-bottom:12px}
h1{font-size:1.9rem;line-height:1.2;margin:0;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.3rem;margin:0 0 12px;letter-spacing:-.01em}
h3{font-size:1.02rem;margin:22px 0 10px}
p{margin:0 0 10px}
.brand{color:var(--soft);font-size:.82rem;margin:0 0 4px}
.made,.hint,.scope,.file,figcaption span,small{color:var(--soft)}
.made{margin:4px 0 0;font-size:.85rem}
.hint{font-size:.85rem;margin:8px 0}
small{font-size:.82em;font-weight:400}
a{color:var(--accent)}
abbr{text-decoration:none;cursor:help}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.theme{border:1px solid var(--line);border-radius:9px;padding:2px;margin:0;display:flex;background:var(--card);flex:none}
.theme legend{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.theme label{position:relative;cursor:pointer;font-size:.8rem}
.theme input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
.theme span{display:block;padding:4px 10px;border-radius:7px;color:var(--soft)}
.theme input:checked+span{background:var(--ink);color:var(--card)}
.theme input:focus-visible+span{outline:2px solid var(--accent);outline-offset:2px}
nav{position:sticky;top:0;z-index:3;background:var(--page);display:flex;gap:4px;overflow-x:auto;padding-top:6px;padding-bottom:6px;
box-shadow:0 1px 0 var(--line);scrollbar-width:none}
nav a{padding:5px 10px;border-radius:8px;color:var(--soft);text-decoration:none;white-space:nowrap;font-size:.88rem}
nav a:first-child{margin-left:-10px}
nav a:hover{background:var(--card);color:var(--ink)}
main{padding-top:20px}
main>section{margin:0 0 40px}
.verdict{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--accent);border-radius:12px;padding:18px 22px;margin:0 0 12px}
.verdict p:last-child{font-size:1.28rem;line-height:1.4;margin:0;font-weight:600;letter-spacing:-.005em;font-variant-numeric:tabular-nums}
.verdict .scope{font-size:.88rem;margin:0 0 6px}
.warning{background:var(--warn-bg);color:var(--warn);border-radius:10px;padding:10px 16px;margin:0 0 12px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:12px;margin:0 0 14px}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
th,td{padding:8px 11px;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
th:first-child,.text th,.text td{text-align:left}
thead th{font-size:.8rem;font-weight:600;color:var(--soft);vertical-align:bottom}
thead th[rowspan]{white-space:normal}
thead tr+tr th:first-child{text-align:right}
th[colspan]{text-align:center;border-bottom-color:transparent;padding-bottom:0}
tbody th{font-weight:600;position:sticky;left:0;background:var(--card);white-space:normal;min-width:8.5rem;max-width:22rem}
.text td{white-space:normal;min-width:7rem;max-width:34rem;overflow-wrap:anywhere}
.text td:last-child{min-width:15rem}
td ul{margin:0;padding-left:1.1rem}
.ci{display:block;font-size:.82em;color:var(--soft);font-weight:400}
.tag{display:inline-block;border-radius:99px;padding:1px 9px;font-size:.78rem;font-weight:600;background:var(--grid);color:var(--ink);white-space:normal;text-align:center}
.tag.good{background:var(--good-bg);color:var(--good)}
.tag.bad{background:var(--bad-bg);color:var(--bad)}
.cell{display:inline-block;border-radius:6px;padding:0 7px;margin:0 -7px;print-color-adjust:exact}
.cell.good{background:var(--good-bg);color:var(--good)}
.cell.bad{background:var(--bad-bg);color:var(--bad)}
.cell.s3,.cell.s4{font-weight:600}
.cell .ci{color:inherit}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:14px;align-items:start;margin:0 0 14px}
.three{grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr))}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px;margin:0;min-width:0}
figcaption{margin:0 0 10px;display:flex;flex-wrap:wrap;gap:0 10px;align-items:baseline}
figcaption span{font-size:.83rem}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;padding:0;margin:0 0 8px;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:6px}
.key{flex:none}
.chart{display:block;overflow:visible;font-variant-numeric:tabular-nums}
.defs{position:absolute}
.chart text{fill:var(--ink);font-size:13px}
.chart .label{font-weight:600}
.chart .small{font-size:12px}
.chart .value,.chart .tick,.chart .axis{fill:var(--soft)}
.chart .value{font-size:12.5px}
.chart .tick,.chart .axis{font-size:12px}
.chart .inside,.chart .label{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.grid line.grid,.chart .grid{stroke:var(--grid);stroke-width:1}
.mark{fill:var(--c);stroke:var(--card);stroke-width:1.2px;paint-order:stroke}
.whisker{stroke:var(--c);stroke-width:2;stroke-linecap:round;opacity:.75}
.curve{fill:none;stroke:var(--c);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.c0,.b0{--c:var(--c0)}.c1,.b1{--c:var(--c1)}.c2,.b2{--c:var(--c2)}.c3,.b3{--c:var(--c3)}
.c4,.b4{--c:var(--c4)}.c5,.b5{--c:var(--c5)}.c6,.b6{--c:var(--c6)}.c7,.b7{--c:var(--c7)}
.d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:9 3 2 3}.d5{stroke-dasharray:5 2}
.d6{stroke-dasharray:1 4}.d7{stroke-dasharray:12 4}
.bars{list-style:none;margin:0;padding:16px 18px;background:var(--card);border:1px solid var(--line);border-radius:12px;
display:grid;gap:12px}
.bars li{display:grid;grid-template-columns:1fr auto;gap:2px 12px}
.bars .number{font-variant-numeric:tabular-nums}
.bar{grid-column:1/-1;height:10px;border-radius:0 5px 5px 0;background:var(--c);print-color-adjust:exact}
details{margin:0 0 14px}
summary{cursor:pointer;font-weight:600;padding:6px 0}
summary:hover{color:var(--accent)}
.card details{margin:8px 0 0}
.card details summary{font-size:.87rem;color:var(--soft)}
.card .scroll{margin:6px 0 0}
.sample header{display:flex;justify-content:space-between;gap:10px;align-items:baseline;margin:0 0 10px}
.sample .zoom{margin:0 0 6px}
.zoom summary{list-style:none;padding:0;cursor:zoom-in}
.zoom[open] summary{cursor:zoom-out}
.zoom summary::-webkit-details-marker{display:none}
.zoom svg{display:block;width:100%;max-height:19rem;background:#fff;border:1px solid var(--line);border-radius:6px;margin:0 auto}
.zoom[open] svg{max-height:none;max-width:none!important}
.nopicture{border:1px dashed var(--line);border-radius:6px;padding:14px;color:var(--soft);font-size:.87rem}
.file{font-size:.8rem;margin:0 0 8px}
.samples{display:grid;gap:14px}
.parts{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:16px}
.parts>div{min-width:0}
h4{font-size:.78rem;color:var(--soft);font-weight:600;margin:0 0 4px}
.read{white-space:pre-wrap;font-size:.9rem;max-height:19rem;overflow:auto;background:var(--page);border-radius:8px;padding:8px 10px}
.read em{color:var(--soft)}
del,ins{text-decoration-thickness:1.5px;border-radius:3px;padding:0 1px;color:var(--ink)}
del{background:var(--del);text-decoration-line:line-through;text-decoration-color:var(--bad)}
ins{background:var(--ins);text-decoration-line:underline;text-decoration-color:var(--warn)}
.notes{padding-left:1.2rem;font-size:.92rem}
footer{color:var(--soft);font-size:.83rem;padding-top:16px;padding-bottom:40px}
footer p{max-width:80ch}
@media (max-width:640px){
header.top,nav,main,footer{padding-left:14px;padding-right:14px}
header.top{flex-direction:column;padding-top:18px;gap:12px}
h1{font-size:1.5rem}
.verdict{padding:14px 16px}.verdict p:last-child{font-size:1.1rem}
.card{padding:14px 12px}
th,td{padding:7px 10px}
tbody th{min-width:6.5rem;max-width:9rem}
.chart .odd{display:none}
}
@media (max-width:860px){.parts{grid-template-columns:minmax(0,1fr);gap:10px}}
@media print{
:root,:root:has(input){color-scheme:light}
body{background:#fff;font-size:11px}
nav,.theme{display:none}
.scroll{overflow:visible}
.card,.verdict,tr{break-inside:avoid}
h2,h3{break-after:avoid}
.read{max-height:none;overflow:visible}
details::details-content{content-visibility:visible;block-size:auto}
.mark,del,ins,.tag,.warning{print-color-adjust:exact}
}
)css";

}  // namespace vlmhb::report::html
