/** What the simulated providers have received, to look at: newest first, with what was made, and what it would have cost. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Simulator</title>
<style>
  body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1c2430; background: #f7f8fa; }
  h1 { font-size: 1.3rem; margin: 0 0 .25rem; }
  p { margin: 0 0 1rem; color: #5a6472; }
  #sums { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: 1rem; }
  #sums button { border: 1px solid #d5dae1; background: #fff; border-radius: .5rem; padding: .4rem .7rem; font: inherit; cursor: pointer; }
  #sums button[aria-pressed=true] { border-color: #2f6fde; box-shadow: 0 0 0 1px #2f6fde; }
  #sums b { display: block; }
  table { width: 100%; border-collapse: collapse; background: #fff; border: 1px solid #d5dae1; }
  th, td { text-align: left; padding: .35rem .6rem; border-top: 1px solid #e8ebef; vertical-align: top; }
  th { border-top: 0; font-weight: 600; color: #5a6472; white-space: nowrap; }
  td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  td.words { width: 55%; overflow-wrap: anywhere; }
  tr.bad td.status { color: #b3261e; font-weight: 600; }
  img, video { height: 54px; border-radius: 4px; display: block; } audio { height: 32px; width: 12rem; }
</style>
<h1>What the simulated providers received</h1>
<p><a href="/simulator/notion">The simulated Notion</a>, to work in by hand.</p>
<p id="total">Nothing yet. Run <code>npm run demo</code>, or a script with SIMULATOR_URL.</p>
<div id="sums"></div>
<table hidden><thead><tr><th>Time<th>Provider<th>Operation<th>Words<th>Made<th>Status<th>ms<th>USD</thead><tbody></tbody></table>
<script>
  const entries = [];
  let only = null, last = 0;
  const cell = (row, text, name) => { const td = row.insertCell(); td.textContent = text; if (name) td.className = name; return td; };
  const media = (file) => {
    const kind = /\\.mp4$/.test(file) ? 'video' : /\\.(mp3|wav)$/.test(file) ? 'audio' : 'img';
    const element = document.createElement(kind);
    element.src = file;
    if (kind !== 'img') { element.controls = true; element.preload = 'none'; }
    return element;
  };
  function show() {
    const sums = new Map();
    for (const { provider, operation, usd } of entries) {
      const key = provider + ' ' + operation, sum = sums.get(key) ?? { calls: 0, usd: 0 };
      sums.set(key, { calls: sum.calls + 1, usd: sum.usd + usd });
    }
    const usd = entries.reduce((sum, entry) => sum + entry.usd, 0);
    document.querySelector('#total').textContent = entries.length + ' requests, USD ' + usd.toFixed(2) + ' if they had been real.';
    document.querySelector('#sums').replaceChildren(...[...sums].map(([key, sum]) => {
      const button = document.createElement('button'), name = document.createElement('b');
      name.textContent = key;
      button.append(name, sum.calls + (sum.calls === 1 ? ' request' : ' requests') + (sum.usd ? ', USD ' + sum.usd.toFixed(2) : ''));
      button.ariaPressed = String(only === key);
      button.onclick = () => { only = only === key ? null : key; show(); };
      return button;
    }));
    document.querySelector('table').hidden = false;
    const body = document.querySelector('tbody');
    const rows = entries.filter((entry) => !only || only === entry.provider + ' ' + entry.operation).slice(-200).reverse();
    body.replaceChildren(...rows.map((entry) => {
      const row = document.createElement('tr');
      if (entry.status === 'lost' || entry.status >= 400) row.className = 'bad';
      cell(row, entry.at.slice(11, 19));
      cell(row, entry.provider);
      cell(row, entry.operation);
      cell(row, entry.text, 'words');
      const made = cell(row, '');
      if (entry.file) made.append(media(entry.file));
      cell(row, entry.status, 'status');
      cell(row, entry.ms, 'number');
      cell(row, entry.usd ? entry.usd.toFixed(3) : '', 'number');
      return row;
    }));
  }
  async function look() {
    const fresh = await fetch('/simulator/traffic?after=' + last).then((answer) => answer.json()).catch(() => []);
    if (fresh.length > 0) {
      entries.push(...fresh);
      last = fresh.at(-1).id;
      show();
    }
    setTimeout(look, 1000);
  }
  look();
</script>
</html>
`;
