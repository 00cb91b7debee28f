// The tables of docs/reliability.md, from the figures that `npm run reliability -- … --keep` has kept.
import { readFileSync } from 'node:fs';
import { code, fillRegions, table } from './markdown.mjs';

/** In the order of the page. */
const order = ['kill', 'pause', 'connection', 'crowd', 'traffic', 'foreign', 'files'];

/** `stated` are the differences between majors that have a reason, as test/reliability/majors/rules.ts has them. */
export function fillReliability(page, { figuresFile, testsFile, stated }) {
  const rows = JSON.parse(readFileSync(figuresFile, 'utf8'));
  const tests = JSON.parse(readFileSync(testsFile, 'utf8'));
  return fillRegions(page, {
    figures: renderFigures(rows),
    majors: renderMajors(rows, stated),
    tests: renderTests(tests),
  });
}

/** Titles as the file has them; `%s` stands for the cases of a title. */
function renderTests(rules) {
  return table(
    ['', 'rule', 'its tests'],
    rules.map(({ rule, tests }, index) => [
      String(index + 1),
      rule,
      tests
        .map(({ file, title }) => `${code(file.replace(/^test\//, ''))}: ${title.replaceAll('\\\\', '\\')}`)
        .join('<br>'),
    ]),
  );
}

function renderFigures(rows) {
  const place = ({ harness, major, seed }) => [order.indexOf(harness), major, seed];
  const known = rows.filter(({ harness }) => order.includes(harness));
  known.sort((a, b) => compare(place(a), place(b)));
  const sum = (harness, name) =>
    known
      .filter((row) => row.harness === harness)
      .reduce((total, { figures }) => total + figures[name], 0)
      .toLocaleString('en');
  const totals =
    `In all: ${sum('kill', 'kills')} kills; ${sum('connection', 'moments')} lost connections and stopped servers; ` +
    `${sum('files', 'files')} generated files, ${sum('files', 'differences')} differences.`;
  const lines = table(
    ['harness', 'PostgreSQL', 'figures', 'when and what'],
    known.map(({ harness, major, figures, date, commit, node, seed }) => [
      code(harness),
      String(major),
      Object.entries(figures)
        .map(([name, value]) => `${name}: ${value}`)
        .join(' · '),
      `${date}, commit ${commit}, Node ${node.slice(1)}, seed ${seed}`,
    ]),
  );
  return `${totals}\n\n${lines}`;
}

function renderMajors(rows, stated) {
  const measured = rows.filter(({ harness }) => harness === 'majors').sort((a, b) => a.major - b.major);
  const rules = Object.keys(measured[0]?.figures ?? {});
  const why = new Map(stated.map((one) => [one.rule, one.why]));
  return table(
    ['rule', ...measured.map(({ major }) => `PostgreSQL ${major}`), 'why they differ'],
    rules.map((rule) => [rule, ...measured.map(({ figures }) => figures[rule] ?? ''), why.get(rule) ?? '']),
  );
}

function compare(a, b) {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at] - b[at];
}
