/** The style of the report: light and dark by the reader's setting, one column, light on paper. No address of anything outside. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f4f5f7; --ink: #1b1f24; --soft: #59636e; --rule: #d5d9de;
  --accent: #1d5fbf; --target: #b4440f; --good: #1a7f37; --warn: #9a6700; --bad: #c0262d; --shade: #00000059;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --panel: #1e2329; --ink: #e6e9ed; --soft: #9aa4af; --rule: #363d45;
    --accent: #79aef5; --target: #f0925c; --good: #57c271; --warn: #d9a521; --bad: #f4777c; --shade: #ffffff59;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; overflow-wrap: break-word; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
h3 .soft { font-weight: 400; }
p { margin: .5rem 0; }
code { font: .875em/1.4 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
.badge { display: inline-block; padding: .1rem .6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .875rem; font-weight: 600; }
.good { color: var(--good); } .ended { color: var(--warn); } .running { color: var(--accent); }
.outcome { font-size: 1.1rem; margin: .75rem 0 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; }
.facts div { background: var(--panel); border-radius: .5rem; padding: .6rem .8rem; min-width: 0; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
.facts dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); overflow-wrap: anywhere; }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none; }
.whole { white-space: nowrap; }
.scroll { overflow-x: auto; background:
  linear-gradient(to right, var(--paper) 30%, transparent) left / 2.5rem 100% local, linear-gradient(to left, var(--paper) 30%, transparent) right / 2.5rem 100% local,
  radial-gradient(farthest-side at 0 50%, var(--shade), transparent) left / .9rem 100%, radial-gradient(farthest-side at 100% 50%, var(--shade), transparent) right / .9rem 100%;
  background-repeat: no-repeat; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
table.fit { width: auto; min-width: 24rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; overflow-wrap: normal; }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
td.words { min-width: 8rem; }
tr.recommended td { background: var(--panel); font-weight: 600; }
ol.decisions { list-style: none; margin: 0; padding: 0; }
ol.decisions li { padding: .5rem 0 .5rem .9rem; border-left: 3px solid var(--rule); margin-bottom: .5rem; }
ol.decisions li.gain { border-left-color: var(--good); }
ol.decisions p { margin: 0; }
.note { color: var(--warn); font-size: .875rem; }
.note::before { content: '⚠ '; }
.error { color: var(--bad); } .warning { color: var(--warn); }
.thumbs { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); gap: .6rem; }
.thumbs.scenes { grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.thumbs.scenes img { height: auto; aspect-ratio: auto; }
.thumbs img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--panel); border-radius: .4rem; }
.thumbs figcaption { font-size: .75rem; line-height: 1.3; margin-top: .2rem; overflow-wrap: anywhere; }
.thumbs b { color: var(--ink); font-weight: 600; }
pre { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem; overflow-x: auto; margin: .5rem 0; }
details { margin: .5rem 0; } summary { cursor: pointer; }
td.hash code { font-size: .72rem; color: var(--soft); word-break: break-all; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
@media (max-width: 52rem) { table { font-size: .85rem; } th, td { padding: .35rem .4rem; } td.words { min-width: 7rem; } }
@media (max-width: 34rem) {
  table.fit { min-width: 0; }
  main { padding: 1rem .9rem 2rem; }
  .wide { display: none; } .narrow { display: block; }
  .spare { display: none; } table { font-size: .75rem; } th, td { padding: .3rem .22rem; }
  td.number { white-space: normal; } td.words { min-width: 4.5rem; }
  .thumbs { grid-template-columns: repeat(auto-fill, minmax(4.4rem, 1fr)); }
  .facts { grid-template-columns: 1fr 1fr; }
}
@media print {
  :root { color-scheme: light; --paper: #ffffff; --panel: #f4f5f7; --ink: #000000; --soft: #444444; --rule: #bbbbbb;
    --accent: #1d5fbf; --target: #b4440f; --good: #1a7f37; --warn: #7a5200; --bad: #a01a20; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  .wide { display: block; } .narrow { display: none; } .spare { display: table-cell; }
  .scroll { overflow: visible; background: none; }
  ::details-content { content-visibility: visible; height: auto; }
  h2, h3 { break-after: avoid; } figure, tr, li, .facts div { break-inside: avoid; }
  table { font-size: 8.5pt; } th, td { padding: .2rem .35rem; }
  tr.recommended td, .facts div, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
