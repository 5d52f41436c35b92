#include "report/page.h"

namespace vhost::report {

// Plain colours with a dark variant behind a media query: programs that know no variables show the light ones.
const std::string_view kChartStyle = R"(
.chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:12px}
.chart .paper{fill:#fff}
.chart text{fill:#5b6472;font-variant-numeric:tabular-nums}
.chart .title{fill:#111827;font-size:15px;font-weight:600}
.chart .name{fill:#374151}
.chart .mid{text-anchor:middle}.chart .end{text-anchor:end}
.chart .grid{stroke:#e8ebf0;stroke-width:1}
.chart .axis{stroke:#a3abb8;stroke-width:1}
.chart .line,.chart .raw{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.chart .raw{stroke-width:1;stroke-opacity:.32}
.chart .band{stroke:none;fill-opacity:.2}
.chart .swatch{stroke-width:2.5;stroke-linecap:round}
.chart .bad{fill:none;stroke:#dc2626;stroke-width:1.8;stroke-linecap:round}
.chart .dot circle{stroke:#fff;stroke-width:1.2}
.chart .c0{stroke:#2563eb}.chart .c1{stroke:#ea580c}.chart .c2{stroke:#0d9488}
.chart .c3{stroke:#9333ea}.chart .c4{stroke:#db2777}.chart .c5{stroke:#ca8a04}
.chart .band.c0,.chart .dot.c0{fill:#2563eb}.chart .band.c1,.chart .dot.c1{fill:#ea580c}
.chart .band.c2,.chart .dot.c2{fill:#0d9488}.chart .band.c3,.chart .dot.c3{fill:#9333ea}
.chart .band.c4,.chart .dot.c4{fill:#db2777}.chart .band.c5,.chart .dot.c5{fill:#ca8a04}
@media (prefers-color-scheme:dark){
.chart .paper{fill:#161b22}
.chart text{fill:#9aa4b2}.chart .title{fill:#f0f3f8}.chart .name{fill:#cbd3de}
.chart .grid{stroke:#272e38}.chart .axis{stroke:#566070}
.chart .bad{stroke:#f87171}
.chart .dot circle{stroke:#161b22}
.chart .c0{stroke:#60a5fa}.chart .c1{stroke:#fb923c}.chart .c2{stroke:#2dd4bf}
.chart .c3{stroke:#c084fc}.chart .c4{stroke:#f472b6}.chart .c5{stroke:#facc15}
.chart .band.c0,.chart .dot.c0{fill:#60a5fa}.chart .band.c1,.chart .dot.c1{fill:#fb923c}
.chart .band.c2,.chart .dot.c2{fill:#2dd4bf}.chart .band.c3,.chart .dot.c3{fill:#c084fc}
.chart .band.c4,.chart .dot.c4{fill:#f472b6}.chart .band.c5,.chart .dot.c5{fill:#facc15}
}
)";

const std::string_view kPageStyle = R"(
:root{color-scheme:light dark;--page:#f4f5f8;--card:#fff;--ink:#111827;--soft:#5b6472;--rule:#e3e6ec;--code:#f7f8fa;
--blue:#2563eb;--good:#15803d;--goodbg:#dcfce7;--warn:#a16207;--warnbg:#fef3c7;--bad:#b91c1c;--badbg:#fee2e2;--bluebg:#dbeafe}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--ink:#f0f3f8;--soft:#9aa4b2;--rule:#2a313b;--code:#0f141b;
--blue:#60a5fa;--good:#4ade80;--goodbg:#10301c;--warn:#fbbf24;--warnbg:#3a2d0a;--bad:#f87171;--badbg:#3f1618;--bluebg:#13294b}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);line-height:1.5;
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1160px;margin:0 auto;padding:40px 24px 56px}
header{display:flex;flex-wrap:wrap;align-items:center;gap:6px 16px;margin-bottom:24px}
h1{font-size:28px;line-height:1.2;letter-spacing:-.015em;margin:0;overflow-wrap:anywhere}
header p{flex-basis:100%;margin:0;color:var(--soft)}
h2{font-size:16px;margin:36px 0 12px}
.pill{border-radius:99px;padding:3px 12px;font-size:13px;font-weight:600;overflow-wrap:anywhere}
.good{color:var(--good);background:var(--goodbg)}.warn{color:var(--warn);background:var(--warnbg)}
.bad-pill{color:var(--bad);background:var(--badbg)}.run{color:var(--blue);background:var(--bluebg)}
.card,figure,.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px}
.tiles{display:flex;flex-wrap:wrap;gap:12px}
.tile{padding:14px 18px;flex:1 1 calc(100%/var(--columns) - 12px);min-width:200px}
.tile span{display:block;color:var(--soft);font-size:13px}
.tile b{display:block;font-size:25px;line-height:1.3;font-weight:650;letter-spacing:-.015em;font-variant-numeric:tabular-nums;white-space:nowrap}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
figure{margin:0;position:relative;overflow:hidden}
.wide{grid-column:1/-1}
figure svg{display:block;width:100%;height:auto;touch-action:pan-y}
.tip{position:absolute;pointer-events:none;display:none;z-index:1;padding:8px 11px;border-radius:8px;font-size:12.5px;line-height:1.55;
white-space:nowrap;background:var(--card);border:1px solid var(--rule);box-shadow:0 6px 20px rgb(0 0 0/.16);font-variant-numeric:tabular-nums}
.tip b{display:block}
.tip i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
.tip u{text-decoration:none;float:right;margin-left:18px;font-weight:600}
.cross{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.card{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:8px 18px;border-top:1px solid var(--rule);vertical-align:top}
tr:first-child>*{border-top:0}
th{font-weight:500;color:var(--soft);white-space:nowrap}
.keys th{width:1%}.keys td{overflow-wrap:anywhere}
.data th,.data td{text-align:right;white-space:nowrap}.data th:first-child,.data td:first-child{text-align:left}
.data td.best{color:var(--good);font-weight:650}
.data small{display:block;color:var(--soft)}
.texts th,.texts td{text-align:left}.texts td{white-space:normal;overflow-wrap:anywhere;min-width:120px}
.mark{display:inline-block;vertical-align:middle}
.pictures{display:grid;gap:16px}
.pictures img{display:block;max-width:100%;height:auto;margin:0 auto;border-radius:8px}
figcaption{padding:12px 18px;color:var(--soft)}
.pictures figcaption{border-bottom:1px solid var(--rule);font-weight:600;color:var(--ink)}
.pictures .pad{padding:16px}
.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,260px),1fr))}
.sheet figcaption{white-space:pre-wrap;overflow-wrap:anywhere;font-weight:400}
details>summary{cursor:pointer;padding:12px 18px;font-weight:600}
details>summary small{font-weight:400;color:var(--soft);margin-left:8px}
pre{margin:0;padding:14px 18px;overflow-x:auto;font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
background:var(--code);border-top:1px solid var(--rule);border-radius:0 0 12px 12px}
.list{list-style:none;margin:0;padding:0}
.list li{padding:9px 18px;border-top:1px solid var(--rule);overflow-wrap:anywhere;white-space:pre-wrap}
.list li:first-child{border-top:0}
.list small{color:var(--soft);margin-left:8px}
.none{color:var(--soft);margin:0;padding:14px 18px}
footer{margin-top:36px;color:var(--soft);font-size:13px}
@media (max-width:760px){main{padding:24px 14px}.charts{grid-template-columns:minmax(0,1fr)}}
@media print{body{background:none}figure,.card,.tile{break-inside:avoid}}
)";

const std::string_view kPageScript = R"(
for (const figure of document.querySelectorAll('figure[data-chart]')) {
  const svg = figure.querySelector('svg'), tip = figure.querySelector('.tip');
  const chart = JSON.parse(figure.querySelector('script').textContent);
  const [left, top, width, height] = chart.box, [x0, x1] = chart.x, [y0, y1] = chart.y;
  const make = (name, attributes) => {
    const e = document.createElementNS(svg.namespaceURI, name);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    return e;
  };
  const layer = svg.appendChild(make('g', {visibility: 'hidden', 'pointer-events': 'none'}));
  const cross = layer.appendChild(make('line', {class: 'cross', y1: top, y2: top + height}));
  const dots = chart.curves.map(c => {
    const g = layer.appendChild(make('g', {class: 'dot ' + c.color}));
    return g.appendChild(make('circle', {r: 4}));
  });
  const px = x => left + width * (x - x0) / (x1 - x0);
  const py = y => top + height * (1 - (chart.log ? Math.log(y / y0) / Math.log(y1 / y0) : (y - y0) / (y1 - y0)));
  const nearest = (xs, x) => {
    let low = 0, high = xs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - xs[low - 1] < xs[low] - x ? low - 1 : low;
  };
  const show = y => {
    const a = Math.abs(y);
    if (chart.unit) return y.toFixed(2) + ' ' + chart.unit;
    return y === 0 ? '0' : a < 1e-3 || a >= 1e6 ? y.toExponential(3).replace('e+', 'e') : y.toPrecision(4);
  };
  const hide = () => { tip.style.display = 'none'; layer.setAttribute('visibility', 'hidden'); };
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('pointermove', event => {
    const area = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / area.width;
    const wanted = x0 + ((event.clientX - area.left) * scale - left) / width * (x1 - x0);
    const picks = chart.curves.map(c => c.x.length ? nearest(c.x, wanted) : -1);
    let step = null;
    picks.forEach((k, i) => {
      if (k < 0) return;
      const x = chart.curves[i].x[k];
      if (step === null || Math.abs(x - wanted) < Math.abs(step - wanted)) step = x;
    });
    if (step === null) return hide();
    tip.replaceChildren();
    tip.appendChild(document.createElement('b')).textContent = chart.x_name + ' ' + step.toLocaleString('en-US');
    chart.curves.forEach((c, i) => {
      const k = picks[i], y = k < 0 ? null : c.y[k];
      const shown = y !== null && y !== undefined && y >= Math.min(y0, y1) * (chart.log ? 1 : 0) - (chart.log ? 0 : 1e300);
      dots[i].setAttribute('visibility', shown ? 'inherit' : 'hidden');
      if (!shown) return;
      const row = tip.appendChild(document.createElement('div')), mark = row.appendChild(document.createElement('i'));
      mark.style.background = getComputedStyle(dots[i]).fill;
      row.append((c.name || 'value') + (c.x[k] === step ? '' : ' at ' + c.x[k].toLocaleString('en-US')));
      row.appendChild(document.createElement('u')).textContent = show(y);
      dots[i].setAttribute('cx', px(c.x[k]));
      dots[i].setAttribute('cy', Math.max(top, Math.min(top + height, py(y))));
    });
    cross.setAttribute('x1', px(step));
    cross.setAttribute('x2', px(step));
    layer.setAttribute('visibility', 'visible');
    tip.style.display = 'block';
    const at = px(step) / scale, right = at + tip.offsetWidth + 28 < area.width;
    tip.style.left = (right ? at + 14 : Math.max(4, at - tip.offsetWidth - 14)) + 'px';
    tip.style.top = Math.max(4, Math.min(area.height - tip.offsetHeight - 8, event.clientY - area.top - tip.offsetHeight / 2)) + 'px';
  });
}
)";

}  // namespace vhost::report
