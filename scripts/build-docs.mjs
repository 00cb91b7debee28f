// Writes the generated pages of docs/, and the generated regions of the others. `node scripts/build-docs.mjs`
//   --check          writes nothing; names the pages that are not what they would become, and exits with 1
//   --stdout [page]  prints one page instead, for tests; docs/errors.md when none is named
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { renderCli } from './docs/cli.mjs';
import { fillConfiguration } from './docs/configuration.mjs';
import { renderErrors } from './docs/errors.mjs';
import { fillLibrary } from './docs/library.mjs';
import { fillMigrations } from './docs/migrations.mjs';
import { fillReliability } from './docs/reliability.mjs';
import { fillOperations } from './docs/operations.mjs';
import { readTypes } from './docs/types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const jiti = createJiti(import.meta.url);
const load = (path) => jiti.import(`../src/${path}`);
const types = (...files) => new Map(files.flatMap((file) => [...readTypes(`${root}src/${file}`)]));
const read = (page) => readFileSync(`${root}${page}`, 'utf8');

const pages = {
  'docs/errors.md': async () => renderErrors(await load('core/error-catalogue.ts')),
  'docs/cli.md': async () =>
    renderCli({
      ...(await load('cli/table.ts')),
      ...(await load('cli/flags.ts')),
      types: types(
        'app/reports.ts',
        'app/adopt-report.ts',
        'app/convert-report.ts',
        'core/report.ts',
        'core/blocker.ts',
        'core/errors.ts',
        'config/resolved.ts',
        'migration/migration.ts',
        'migration/metadata.ts',
      ),
    }),
  'docs/configuration.md': (page) =>
    fillConfiguration(read(page), types('config/public.ts', 'plan/options.ts')),
  'docs/library.md': (page) =>
    fillLibrary(read(page), { events: types('core/events.ts'), options: types('app/options.ts') }),
  'docs/operations.md': async (page) => fillOperations(read(page), await load('observe/metric-names.ts')),
  'docs/reliability.md': async (page) =>
    fillReliability(read(page), {
      figuresFile: `${root}test/reliability/figures.json`,
      testsFile: `${root}test/reliability/rules.json`,
      ...(await jiti.import('../test/reliability/majors/rules.ts')),
    }),
  'docs/migrations.md': async (page) =>
    fillMigrations(read(page), await load('migration/metadata-fields.ts')),
};

async function render(page) {
  const make = pages[page];
  if (make === undefined)
    throw new Error(`${page} is not generated. Generated: ${Object.keys(pages).join(', ')}.`);
  return `${(await make(page)).trimEnd()}\n`;
}

const [flag, named] = process.argv.slice(2);
if (flag === '--stdout') {
  process.stdout.write(await render(named ?? 'docs/errors.md'));
} else {
  const stale = [];
  for (const page of Object.keys(pages)) {
    const text = await render(page);
    if (flag !== '--check') writeFileSync(`${root}${page}`, text);
    else if (text !== read(page)) stale.push(page);
  }
  if (stale.length > 0) {
    process.stderr.write(`Not up to date: ${stale.join(', ')}. Run: node scripts/build-docs.mjs\n`);
    process.exitCode = 1;
  }
}
