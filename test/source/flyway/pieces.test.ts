import { describe, expect, it } from 'vitest';
import { flywayChecksum } from '../../../src/source/flyway/checksum.js';
import { flywayLockKey } from '../../../src/source/flyway/lock.js';
import { parseFlywayName } from '../../../src/source/flyway/names.js';
import { parseProperties } from '../../../src/source/flyway/properties.js';
import { readFlywaySettings } from '../../../src/source/flyway/settings.js';
import { compareFlywayVersions, versionKey } from '../../../src/source/flyway/version.js';

const settings = readFlywaySettings({}, '/sql');

describe('the checksum of Flyway', () => {
  it.each([
    ['', 0],
    ['select 1;', -690_524_359],
  ])('of %j is %i', (text, sum) => {
    expect(flywayChecksum(text)).toBe(sum);
  });

  it('does not see line ends, nor a byte order mark', () => {
    const sum = flywayChecksum('create table a (\n  id int\n);');
    expect(flywayChecksum('create table a (\r\n  id int\r\n);\r\n')).toBe(sum);
    expect(flywayChecksum('\uFEFFcreate table a (\r  id int\r);')).toBe(sum);
    expect(flywayChecksum('create table a (\n id int\n);')).not.toBe(sum);
  });
});

describe('the names of Flyway', () => {
  it.each([
    [
      'V1__create_users.sql',
      { kind: 'versioned', version: '1', description: 'create users', raw: 'create_users' },
    ],
    ['V1_2.3__x.SQL', { kind: 'versioned', version: '1.2.3', description: 'x', raw: 'x' }],
    ['V001.sql', { kind: 'versioned', version: '001', description: '', raw: '' }],
    ['U1.2__x.sql', { kind: 'undo', version: '1.2', description: 'x', raw: 'x' }],
    ['B10__all.sql', { kind: 'baseline', version: '10', description: 'all', raw: 'all' }],
    ['R__all_views.sql', { kind: 'repeatable', description: 'all views', raw: 'all_views' }],
    ['beforeEachMigrate.sql', { kind: 'callback', event: 'beforeEachMigrate', description: '' }],
    ['afterMigrate__grants.sql', { kind: 'callback', event: 'afterMigrate', description: 'grants' }],
    ['V2__Load.java', { kind: 'code', version: '2', description: 'Load' }],
    ['R__fill.sh', { kind: 'code', version: null, description: 'fill' }],
    ['V2_add.sql', { kind: 'invalid', why: '"2_add" is no version' }],
    ['V__x.sql', { kind: 'invalid', why: 'it has no version' }],
    ['Views.sql', null],
    ['readme.md', null],
    ['Vendor__list.sql', null],
    ['Load.java', null],
  ])('%s', (name, expected) => {
    expect(parseFlywayName(name, settings)).toEqual(expected);
  });

  it('follow other prefixes, separators and suffixes', () => {
    const other = readFlywaySettings(
      { prefixes: { versioned: 'migration-', undo: 'undo-', repeatable: 'r-', baseline: 'b-' }, separator: '--', suffixes: ['.pgsql', '.sql'] }, // prettier-ignore
      '/sql',
    );
    expect(parseFlywayName('migration-3--x.pgsql', other)).toMatchObject({ kind: 'versioned', version: '3' });
    expect(parseFlywayName('r---views.sql', other)).toMatchObject({ kind: 'repeatable', raw: 'views' });
    expect(parseFlywayName('V1__x.sql', other)).toBeNull();
  });
});

describe('the versions of Flyway', () => {
  it('are numbers, part by part', () => {
    const sorted = ['1.10', '1.9.1', '2', '010', '1.0.0.1', '99999999999999999999'].toSorted(
      compareFlywayVersions,
    );
    expect(sorted).toEqual(['1.0.0.1', '1.9.1', '1.10', '2', '010', '99999999999999999999']);
    expect(['1', '01', '1.0', '1.00.0'].map(versionKey)).toEqual(['1', '1', '1', '1']);
  });
});

describe('a file of properties', () => {
  it('has comments, three separators, and lines that go on', () => {
    const text =
      '# a\n! b\nflyway.url = jdbc:x\nc: d\ne f\nflyway.locations=one,\\\n  two\nflyway.path=C:\\dir\\\nflyway.x=1\n';
    expect(Object.fromEntries(parseProperties(text))).toEqual({
      'flyway.url': 'jdbc:x',
      c: 'd',
      e: 'f',
      'flyway.locations': 'one,two',
      'flyway.path': 'C:\\dir\\',
      'flyway.x': '1',
    });
  });
});

describe('the key of the lock', () => {
  it("is Flyway's number and the hash of the quoted name of its table", () => {
    expect(flywayLockKey({ ...settings, defaultSchema: 'public' })).toBe('77433833903597');
  });
});
