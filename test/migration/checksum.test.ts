import { describe, expect, it } from 'vitest';
import { matchesTokenChecksum, tokenChecksumOf, type ChecksumParts } from '../../src/migration/checksum.js';
import { emptyMetadata } from '../../src/migration/metadata.js';
import type { SqlScript } from '../../src/migration/migration.js';
import { lexScript } from '../../src/sql/script.js';

function script(text: string): SqlScript {
  return { kind: 'sql', text, statements: lexScript(text).statements, file: 'x.sql', lineOffset: 0 };
}

function checksum(up: string, down: string | null = null, more: Partial<ChecksumParts> = {}): string {
  return tokenChecksumOf({
    metadata: emptyMetadata,
    up: script(up),
    down: down === null ? null : script(down),
    validateBefore: null,
    validateAfter: null,
    checksum: 'raw',
    ...more,
  });
}

const base = "create table t (a text default 'x  y');\ninsert into t values ('--');";

describe('tokenChecksumOf', () => {
  it('has the form v1:<up>:<down>', () => {
    expect(checksum(base)).toMatch(/^v1:[0-9a-f]{64}:$/);
    expect(checksum(base, 'drop table t')).toMatch(/^v1:[0-9a-f]{64}:[0-9a-f]{64}$/);
  });

  it.each([
    ['comments', `-- a comment\n${base} /* and another */`],
    ['blank space', base.replaceAll('\n', '\n\n   ').replaceAll(', ', ' ,\t')],
    ['Windows line ends', base.replaceAll('\n', '\r\n')],
    ['a last semicolon', base.slice(0, -1)],
  ])('does not mind %s', (_, text) => {
    expect(checksum(text)).toBe(checksum(base));
  });

  it.each([
    ['a literal', base.replace('x  y', 'x y')],
    ['a comment inside a literal', base.replace("'--'", "'-- '")],
    ['case', base.replace('table t ', 'table T ')],
    ['another statement', `${base} select 1;`],
  ])('tells %s', (_, text) => {
    expect(checksum(text)).not.toBe(checksum(base));
  });

  it('keeps up and down apart', () => {
    const [, up, down] = checksum(base, 'drop table t').split(':');
    expect(checksum(base, 'drop table t cascade').split(':')[1]).toBe(up);
    expect(checksum(base, 'drop table t cascade').split(':')[2]).not.toBe(down);
  });

  it('counts validation, and directives that change what runs and where', () => {
    const plain = checksum(base);
    expect(checksum(base, null, { validateAfter: script('select 1') })).not.toBe(plain);
    expect(checksum(base, null, { validateBefore: script('select 1') })).not.toBe(
      checksum(base, null, { validateAfter: script('select 1') }),
    );
    const withMetadata = (metadata: Partial<ChecksumParts['metadata']>) =>
      checksum(base, null, { metadata: { ...emptyMetadata, ...metadata } });
    expect(withMetadata({ transaction: 'none' })).not.toBe(plain);
    expect(withMetadata({ environments: ['test'] })).not.toBe(plain);
    expect(withMetadata({ depends: ['0001'] })).not.toBe(plain);
  });

  it('does not count directives for people', () => {
    const described = { ...emptyMetadata, description: 'x', author: 'y', risk: 'high', tags: ['z'] } as const;
    expect(checksum(base, null, { metadata: described })).toBe(checksum(base));
  });

  it('gives a code migration its raw checksum', () => {
    const code = { kind: 'code', run: () => undefined, file: 'x.ts', ownConnection: false } as const;
    expect(checksum(base, null, { up: code })).toBe('raw');
    expect(checksum(base, null, { down: code })).toBe('raw');
  });
});

describe('matchesTokenChecksum', () => {
  it('compares values of the same lexer only', () => {
    expect(matchesTokenChecksum('v1:a:b', 'v1:a:b')).toBe(true);
    expect(matchesTokenChecksum('v1:a:b', 'v1:a:c')).toBe(false);
    expect(matchesTokenChecksum('v0:a:b', 'v1:a:b')).toBeNull();
    expect(matchesTokenChecksum('rawhex', 'v1:a:b')).toBe(false);
    expect(matchesTokenChecksum('v1:a:b', 'rawhex')).toBeNull();
  });
});
