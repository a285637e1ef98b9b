/** A data source to look at and to work in, as a person does in Notion: rows, what they say, and what a person may change. */
export const BOARD = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Simulated Notion</title>
<style>
  body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 110rem; padding: 0 1rem; color: #1c2430; background: #f7f8fa; }
  header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1rem; }
  h1 { font-size: 1.3rem; margin: 0; }
  input, select, button { font: inherit; color: inherit; border: 1px solid #d5dae1; border-radius: .4rem; background: #fff; padding: .3rem .5rem; }
  button { cursor: pointer; } button.main { border-color: #2f6fde; background: #2f6fde; color: #fff; }
  :focus-visible { outline: 2px solid #2f6fde; outline-offset: 1px; }
  #add { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: 1rem; }
  #add[hidden] { display: none; }
  #add [name=title] { flex: 2 1 14rem; } #add [name=topic], #add [name=story_direction] { flex: 2 1 12rem; }
  #sums { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: 1rem; }
  #sums [aria-pressed=true] { border-color: #2f6fde; box-shadow: 0 0 0 1px #2f6fde; }
  #wrong { color: #b3261e; } #wrong:empty { display: none; }
  .scroll { overflow-x: auto; background: #fff; border: 1px solid #d5dae1; }
  table { width: 100%; border-collapse: collapse; }
  th, td { text-align: left; padding: .4rem .6rem; border-top: 1px solid #e8ebef; vertical-align: top; }
  th { border-top: 0; font-weight: 600; color: #5a6472; white-space: nowrap; }
  td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  td.title { min-width: 12rem; font-weight: 600; } td.title small { display: block; font-weight: 400; color: #5a6472; }
  td.rich_text { min-width: 8rem; max-width: 20rem; overflow-wrap: anywhere; } td.error { color: #b3261e; }
  td input:not([type=checkbox]) { width: 9rem; }
  td a { display: block; white-space: nowrap; color: #2f6fde; }
  tr.trash { opacity: .45; }
  select.failed { border-color: #b3261e; background: #fdecea; } select.waiting { border-color: #c9930a; background: #fff7e0; }
  select.done { border-color: #2e7d4f; background: #e8f5ee; }
</style>
<header>
  <h1>Simulated Notion</h1>
  <select id="source" aria-label="Data source"></select>
  <span id="total">No rows yet.</span>
  <span id="wrong" role="alert"></span>
</header>
<form id="add" autocomplete="off">
  <input name="title" placeholder="Title" aria-label="Title" required>
  <input name="channel" placeholder="Channel" aria-label="Channel" list="channels"><datalist id="channels"></datalist>
  <input name="topic" placeholder="Topic" aria-label="Topic">
  <input name="story_direction" placeholder="Story direction" aria-label="Story direction">
  <select name="priority" aria-label="Priority"><option value="">Priority</option></select>
  <button class="main" name="status" value="Queued">Add and queue</button>
  <button name="status" value="Draft">Add as draft</button>
</form>
<div id="sums"></div>
<div class="scroll"><table><thead><tr></tr></thead><tbody></tbody></table></div>
<script>
  // What people write themselves; other texts are the system's to write.
  const TYPED = ['Redo', 'Review Note'], UNDER_TITLE = ['Topic', 'Story Direction'];
  const ORDER = ['Status', 'Progress', 'Review', 'Redo', 'Review Note', 'Error', 'Cost', 'Estimate', 'YouTube URL'];
  const find = (selector) => document.querySelector(selector);
  const make = (tag, values = {}) => Object.assign(document.createElement(tag), values);
  const shown = new Map();
  let sources = [], only = null, rows = [];

  async function ask(method, path, body) {
    const answer = await fetch('/simulator/notion/' + path, { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) });
    const said = await answer.json();
    find('#wrong').textContent = answer.ok ? '' : said.message;
    return answer.ok ? said : null;
  }
  const source = () => sources.find(({ id }) => id === find('#source').value);
  const place = ({ name, type }) => type === 'title' ? -1 : (ORDER.indexOf(name) + 1 || ORDER.length + 1);
  const columns = () => source().properties.filter(({ name }) => !UNDER_TITLE.includes(name)).sort((one, other) => place(one) - place(other));
  const change = async (id, name, value) => {
    document.activeElement?.blur();
    await ask('PATCH', 'rows/' + id, { properties: { [name]: value } });
    shown.delete(id);
    look();
  };

  function choice(row, { name, options }) {
    const value = row.properties[name], element = make('select', { ariaLabel: name });
    element.append(make('option', { value: '', textContent: '' }), ...options.map((option) => make('option', { value: option, textContent: option })));
    element.value = value ?? '';
    if (/Error$/.test(value)) element.className = 'failed';
    else if (/^((Assets|Video|Audio) Ready|Final Review)$/.test(value)) element.className = 'waiting';
    else if (value === 'Published') element.className = 'done';
    element.onchange = () => change(row.id, name, element.value || null);
    return element;
  }
  function content(row, property) {
    const { name, type } = property, value = row.properties[name];
    if (type === 'select' || type === 'status') return [choice(row, property)];
    if (type === 'checkbox') {
      const element = make('input', { type: 'checkbox', checked: value, ariaLabel: name });
      element.onchange = () => change(row.id, name, element.checked);
      return [element];
    }
    if (type === 'files') return value.map((file) => make('a', { href: file.url, textContent: file.name, target: '_blank', rel: 'noopener' }));
    if (type === 'url') return value ? [make('a', { href: value, textContent: value.replace(/^https?:..(www.)?/, ''), target: '_blank', rel: 'noopener' })] : [];
    if (TYPED.includes(name)) {
      const element = make('input', { value: value ?? '', ariaLabel: name });
      element.onchange = () => change(row.id, name, element.value);
      return [element];
    }
    return [typeof value === 'number' ? String(Math.round(value * 100) / 100) : [value ?? ''].flat().join(', ')];
  }
  function draw(row, into) {
    into.className = row.in_trash ? 'trash' : '';
    into.replaceChildren(...columns().map((property) => {
      const cell = make('td', { className: property.type + (property.name === 'Error' ? ' error' : '') });
      cell.append(...content(row, property));
      if (property.type === 'title') for (const name of UNDER_TITLE) if (row.properties[name]) cell.append(make('small', { textContent: row.properties[name] }));
      return cell;
    }));
  }
  function show() {
    const counts = Map.groupBy(rows, ({ status }) => status ?? 'No status');
    find('#total').textContent = rows.length === 0 ? 'No rows yet.' : rows.length + (rows.length === 1 ? ' row' : ' rows');
    find('#sums').replaceChildren(...(counts.size > 1 ? [...counts].map(([status, group]) => {
      const button = make('button', { textContent: status + ' ' + group.length, ariaPressed: String(only === status) });
      button.onclick = () => { only = only === status ? null : status; show(); };
      return button;
    }) : []));
    const wanted = rows.filter(({ status }) => !only || (status ?? 'No status') === only).reverse();
    const body = find('tbody');
    for (const element of [...body.children]) if (!wanted.some(({ id }) => id === element.dataset.id)) element.remove();
    wanted.forEach((row, index) => {
      let element = [...body.children].find(({ dataset }) => dataset.id === row.id);
      if (!element) { element = make('tr'); element.dataset.id = row.id; shown.delete(row.id); }
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
      // Addresses of files are new each time. Whoever is typing is not disturbed.
      const state = JSON.stringify(row).replace(/[?]expires=[^"]*/g, '');
      if (shown.get(row.id) === state || element.contains(document.activeElement)) return;
      draw(row, element);
      shown.set(row.id, state);
    });
  }
  async function begin() {
    const databases = await ask('GET', 'databases');
    sources = databases.flatMap((database) => database.data_sources.map((one) => ({ ...one, database: database.title })));
    const kept = find('#source').value;
    find('#source').replaceChildren(...sources.map(({ id, name, database }) => make('option', { value: id, textContent: database + ' / ' + name })));
    if (sources.some(({ id }) => id === kept)) find('#source').value = kept;
    head();
  }
  function head() {
    shown.clear();
    find('tbody').replaceChildren();
    find('thead tr').replaceChildren(...columns().map(({ name }) => make('th', { textContent: name })));
    const optionsOf = (name) => source().properties.find((property) => property.name === name)?.options ?? [];
    find('#channels').replaceChildren(...optionsOf('Channel').map((value) => make('option', { value })));
    find('[name=priority]').replaceChildren(make('option', { value: '', textContent: 'Priority' }), ...optionsOf('Priority').map((value) => make('option', { value, textContent: value })));
    find('#add').hidden = !optionsOf('Status').includes('Queued');
  }
  async function look() {
    const id = find('#source').value, fresh = await ask('GET', 'rows?data_source_id=' + id);
    if (fresh && id === find('#source').value) { rows = fresh; show(); }
  }
  find('#source').onchange = () => { only = null; begin().then(look); };
  find('#add').onsubmit = async (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.target, event.submitter)].filter(([, value]) => value !== ''));
    if (await ask('POST', 'rows', { ...given, data_source_id: find('#source').value })) event.target.reset();
    await begin();
    await look();
  };
  async function watch() { await look().catch(() => {}); setTimeout(watch, 1000); }
  begin().then(watch);
</script>
</html>
`;
