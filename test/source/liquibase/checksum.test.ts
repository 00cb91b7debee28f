import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileReader } from '../../../src/source/file-bytes.js';
import { readChangelog } from '../../../src/source/liquibase/changelog.js';
import { liquibaseSettings } from '../../../src/source/liquibase/settings.js';

const dir = join(import.meta.dirname, 'fixtures');

/** By changelog and id: what Liquibase 4.28.0 has written into databasechangelog. */
const measured = JSON.parse(readFileSync(join(dir, 'checksums.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

describe('checksums', () => {
  it.each(Object.entries(measured))('are those of Liquibase itself in %s', (changelog, expected) => {
    const settings = liquibaseSettings({ changelog }, dir);
    const { changesets, problems } = readChangelog(settings, { root: dir, reader: new FileReader() });
    expect(problems).toEqual([]);
    expect(Object.fromEntries(changesets.map(({ id, checksum }) => [id, checksum]))).toEqual(expected);
  });
});
