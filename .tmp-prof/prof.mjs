import { startPostgres } from '#engines';
import { migrate, Database, dataSourceOptions } from '#database';
import { Dispatcher } from '#stage';
import { readSettings } from '#config';
import { DataSource } from 'typeorm';
import { mkdtempSync } from 'node:fs';
const dir = mkdtempSync('/tmp/prof-');
const pg = await startPostgres({ dataDir: dir + '/pg', durable: true });
await migrate(pg.url);
const ds = await new DataSource(dataSourceOptions(pg.url)).initialize();
const db = new Database(ds.manager);
await db.channels.save(Array.from({length: 5}, (_, i) => ({ key: 'c'+i, settings: { name: 'c'+i, scenes: 18 } })));
await db.heartbeats.beat('asset','video','audio','sfx','assembly','upload');
await ds.query(`INSERT INTO tasks (channel_id, title, status, step, step_opened, items_left, priority, queued_at) SELECT id, 'x', 'generating_audio', 'narrations', true, 18, 1, now() FROM channels, generate_series(1,3)`);
await ds.query(`INSERT INTO artifacts (channel_id, task_id, step, kind, position, input, expected_ms, expected_usd) SELECT channel_id, id, 'narrations', 'narration', p, '{"text":"x"}', 5000, 0.01 FROM tasks, generate_series(0,17) p`);
await ds.query('ANALYZE');
const d = new Dispatcher(db, readSettings({ ELEVENLABS_AT_ONCE: '12' }));
const orig = ds.createQueryRunner.bind(ds);
const times = new Map();
ds.createQueryRunner = (...a) => { const r = orig(...a); const q = r.query.bind(r); r.query = async (s, ...p) => { const t = performance.now(); try { return await q(s, ...p); } finally { const k = s.replace(/\s+/g,' ').slice(0, 70); const v = times.get(k) ?? [0,0]; v[0]++; v[1]+=performance.now()-t; times.set(k, v); } }; return r; };
for (let i = 0; i < 20; i++) {
  const r = await d.round();
  for (const { payload: t } of r.tickets) { await db.artifacts.claim(t.artifact_id, t.generation, t.artifact_id, 60000); }
  for (const { payload: t } of r.tickets) { await db.artifacts.commit(t.artifact_id, t.artifact_id, { path: 'p', checksum: 'x', bytes: 1, durationMs: 1, result: { model: 'm', words: [] }, simulated: true, findings: [] }); }
}
for (const [k, [n, ms]] of [...times].sort((a, b) => b[1][1] - a[1][1])) console.log(n, (ms / n).toFixed(2), 'ms', k);
const lanes = JSON.stringify([{name:'elevenlabs',room:1,steps:['narrations','sound_effects'],going_on:['narrations','sound_effects']},{name:'gemini',room:12,steps:['storyboard','images'],going_on:['storyboard','images']},{name:'kie',room:8,steps:['clips'],going_on:['clips']},{name:'video',room:12,steps:['composites'],going_on:['composites']},{name:'assembly',room:1,steps:['cut','captions','thumbnails'],going_on:['cut']},{name:'upload',room:4,steps:['publication'],going_on:['publication']}]);
const rec = []; const q2 = ds.manager.query.bind(ds.manager); ds.manager.query = (s, p) => { rec.push(s); return q2(s, p); };
await db.dispatch.waiting(JSON.parse(lanes));
ds.manager.query = q2;
const plan = await q2('EXPLAIN (ANALYZE, BUFFERS, FORMAT TEXT) ' + rec[0], [lanes]);
console.log(plan.map((r) => r['QUERY PLAN']).join('\n'));
await ds.destroy(); await pg.stop();
