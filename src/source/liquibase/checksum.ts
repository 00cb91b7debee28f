import { hash } from 'node:crypto';

/** Version of Liquibase's algorithm, since its release 4.22. */
const version = '9';

/** What Liquibase computes of a text. */
export function textChecksum(text: string): string {
  const plain = text.replaceAll(/\r\n?/g, '\n').replaceAll('\uFFFD', '').normalize('NFC');
  return `${version}:${hash('md5', plain, 'hex')}`;
}

/** SQL counts without its blank space; comments count. */
export function sqlChecksum(sql: string): string {
  return `${version}:${hash('md5', sql.replaceAll(/[ \n\r\t]/g, ''), 'hex')}`;
}

/** That of a changeset, of those of its changes and of what edits their SQL; null where one of them is not known. */
export function changesetChecksum(
  changes: readonly (string | null)[],
  edits: readonly string[] = [],
): string | null {
  if (changes.includes(null)) return null;
  return textChecksum(
    [...changes.map((change) => `${change}:`), ...edits.map((edit) => `${edit};`)].join(''),
  );
}
