import type { FileContext } from './context.js';
import { existsCheck } from './existence.js';
import { readAttributes } from './formatted-line.js';
import type { Place } from './place.js';
import type { Check, OnFail, PreconditionSet } from './precondition.js';

/** The precondition of one line of formatted SQL: `sql-check expectedResult:1 select …`; null for one that is not known. */
export function sqlPrecondition(text: string, context: FileContext): Check | null {
  const [, name = '', body = ''] = /^([a-z0-9-]+)\s+(.*)$/i.exec(text) ?? [];
  const attributes = readAttributes(body);
  switch (name.toLowerCase()) {
    case 'sql-check': {
      const match = /^(?:expectedResult:)?(?:'([^']+)'|"([^"]+)"|(\w+)) (.*)$/i.exec(body);
      if (match === null) return null;
      const [, single, double, word = '', sql = ''] = match;
      return { kind: 'query', sql: sql.replace(/;$/, ''), expected: single ?? double ?? word, what: sql };
    }
    case 'table-exists':
      return existsCheck(
        'table',
        { name: attributes.get('table') ?? '', schema: attributes.get('schema') },
        context,
      );
    case 'view-exists':
      return existsCheck(
        'view',
        { name: attributes.get('view') ?? '', schema: attributes.get('schema') },
        context,
      );
    default:
      return null;
  }
}

export function sqlPreconditionSet(said: {
  readonly place: Place;
  readonly body: string;
  readonly checks: readonly Check[];
}): PreconditionSet {
  const attributes = readAttributes(said.body);
  return {
    place: said.place,
    onFail: onFailOf(attributes.get('onfail')),
    onError: onFailOf(attributes.get('onerror')),
    onFailMessage: attributes.get('onfailmessage') ?? null,
    onErrorMessage: attributes.get('onerrormessage') ?? null,
    check: { kind: 'and', checks: said.checks },
  };
}

export function onFailOf(text: string | null | undefined): OnFail {
  const word = (text ?? '').trim().toUpperCase();
  return word === 'CONTINUE' || word === 'MARK_RAN' || word === 'WARN' ? word : 'HALT';
}
