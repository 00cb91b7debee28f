import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { NewFile, NewFileRequest } from '../format.js';
import { shownPath } from '../shown-path.js';
import type { Gathered } from './context.js';
import { isFormattedSql } from './formatted-sql.js';

/**
 * A changeset at the end of the changelog's last SQL file: a new file would have to be included by one that may be XML, and
 * not ours to rewrite.
 * @throws {USAGE_INVALID} where the last changeset is in another syntax.
 */
export function createChangeset(
  { changesets }: Gathered,
  { root, changelog }: { readonly root: string; readonly changelog: string },
  { name, now, up, down }: NewFileRequest,
): readonly NewFile[] {
  const path = changesets.at(-1)?.place.path ?? changelog;
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (!path.toLowerCase().endsWith('.sql') || (text !== '' && !isFormattedSql(text)))
    throw notSql(path, root);
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const rollback = (down ?? '')
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `--rollback ${line}`);
  const head = text === '' ? '--liquibase formatted sql' : text.trimEnd();
  const changeset = [`--changeset ${author()}:${stamp}-${name}`, up.trim(), ...rollback].join('\n');
  return [{ path, content: `${head}\n\n${changeset}\n`, ...(existsSync(path) ? { replaces: true } : {}) }];
}

/** Liquibase wants one, and lets it be anything without a colon or a blank. */
function author(): string {
  try {
    return userInfo().username.replaceAll(/[\s:]+/g, '_') || 'lockkeeper';
  } catch {
    return 'lockkeeper'; // a container's user may have no name
  }
}

function notSql(path: string, root: string): LockkeeperError {
  const shown = shownPath(path, root);
  return new LockkeeperError('USAGE_INVALID', {
    message: `The last changeset stands in ${shown}, which is no formatted SQL; a changeset is added there by hand.`,
    hint: `Write an SQL file that begins with "--liquibase formatted sql", and include it at the end of the changelog: ${join('changes', 'new.sql')}, say.`,
    details: { file: shown },
  });
}
