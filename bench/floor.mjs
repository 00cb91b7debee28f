// The floor script: what a bundled Node program with pg needs at least. It reads the folder and the history, sends
// each file with its history row and COMMIT in one round trip, and nothing else: no lock, no parser, no journal.
// usage: floor.js up|onetx|status|down <folder of migrations> <url>
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

const downMarker = '-- migrate:down';
const historyTable = `create table if not exists history (
  name text primary key,
  hash text not null,
  applied_at timestamptz not null default now()
)`;

const [verb, folder, url] = process.argv.slice(2);
const client = new Client({ connectionString: url });
await client.connect();
const verbs = { up, onetx, status, down };
await verbs[verb]();
await client.end();

function readFolder() {
  const files = readdirSync(folder).sort();
  return files.map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return { name: file.slice(0, -4), text, hash: createHash('sha256').update(text).digest('hex') };
  });
}

async function readHistory() {
  const result = await client.query({ text: 'select name, hash from history', rowMode: 'array' });
  return new Map(result.rows);
}

async function compare() {
  const files = readFolder();
  const history = await readHistory();
  const changed = files.filter((file) => history.has(file.name) && history.get(file.name) !== file.hash);
  if (changed.length > 0) throw new Error(`Changed: ${changed[0].name}`);
  return { history, files, pending: files.filter((file) => !history.has(file.name)) };
}

function upScript({ text }) {
  return text.slice(0, text.indexOf(downMarker));
}

function insert({ name, hash }) {
  return `insert into history (name, hash) values ('${name}', '${hash}');`;
}

async function up() {
  await client.query(historyTable);
  const { pending } = await compare();
  for (const file of pending) await client.query(`begin;${upScript(file)}${insert(file)}commit`);
  console.log(`${pending.length} applied`);
}

async function onetx() {
  await client.query(historyTable);
  const { pending } = await compare();
  await client.query('begin');
  for (const file of pending) await client.query(`${upScript(file)}${insert(file)}`);
  await client.query('commit');
  console.log(`${pending.length} applied`);
}

async function status() {
  const { history, pending } = await compare();
  console.log(`${history.size} applied, ${pending.length} pending`);
}

async function down() {
  const { files, history } = await compare();
  const applied = files.filter((file) => history.has(file.name)).reverse();
  for (const { name, text } of applied) {
    const script = text.slice(text.indexOf(downMarker));
    await client.query(`begin;${script}delete from history where name = '${name}';commit`);
  }
  console.log(`${applied.length} rolled back`);
}
