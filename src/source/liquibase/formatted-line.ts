/** What a line of formatted SQL says to Liquibase; null for a line of SQL. */
export interface Directive {
  readonly kind:
    | 'header'
    | 'property'
    | 'ignoreLines'
    | 'changeset'
    | 'comment'
    | 'rollback'
    | 'rollbackBlock'
    | 'preconditions'
    | 'precondition'
    | 'validCheckSum'
    /** Nearly one, which Liquibase refuses; `body` is the form that it wants. */
    | 'malformed';
  readonly body: string;
}

const forms: readonly (readonly [Directive['kind'], RegExp])[] = [
  ['header', /^\s*--\s*liquibase\s*formatted(.*)$/i],
  ['property', /^\s*--\s*property\s+(.*:.*\s.*:.*)$/i],
  ['ignoreLines', /^--\s*ignoreLines:(\w+)$/i],
  ['changeset', /^\s*--\s*changeset\s+((?:"[^"]+"|[^:]+):\s*(?:"[^"]+"|\S+).*)$/i],
  ['comment', /^--\s*comment:? (.*)$/i],
  ['validCheckSum', /^--\s*validCheckSum:? (.*)$/i],
  ['rollback', /^\s*--\s*rollback (.*)$/i],
  ['rollbackBlock', /^\s*\/\*\s*liquibase\s*rollback\s*()$/i],
  ['preconditions', /^\s*--\s*preconditions(.*)$/i],
  ['precondition', /^\s*--\s*precondition-([a-zA-Z0-9-]+ .*)$/i],
];

const nearly: readonly (readonly [RegExp, string])[] = [
  [/^\s*-{1,2}\s*changeset\b.*$/i, '--changeset author:id'],
  [/^\s*-\s*property\s.*$/i, '--property name:value'],
  [/^\s*-\s*rollback\s.*$/i, '--rollback SQL'],
  [/^\s*-\s*preconditions?[\s-].*$/i, '--precondition-sql-check expectedResult:1 SQL'],
  [/^-{1,2}\s*comments:? .*$/i, '--comment text'],
  [/^-\s*comment:? .*$/i, '--comment text'],
  [/^-{1,2}\s*ignore(?:Lines)?:\w+.*$/i, '--ignoreLines:start'],
  [/^\s*--\s*precondition-[a-z0-9-]+\s*$/i, '--precondition-sql-check expectedResult:1 SQL'],
];

/** Every line is asked, so that the first look is a cheap one. */
export function directiveOf(line: string): Directive | null {
  if (!/^\s*(?:-|\/\*)/.test(line)) return null;
  for (const [kind, form] of forms) {
    const match = form.exec(line);
    if (match !== null) return { kind, body: (match[1] ?? '').trim() };
  }
  const near = nearly.find(([form]) => form.test(line));
  return near === undefined ? null : { kind: 'malformed', body: near[1] };
}

export type Attributes = ReadonlyMap<string, string>;

/** `name:value` and `name:"a value"`, by the name in lower case. */
export function readAttributes(text: string): Attributes {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of text.matchAll(/(\w+):\s*(?:"([^"]*)"|(\S*))/g)) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted ?? plain);
  }
  return found;
}

/** Whatever is not `true` is false. */
export function truth(text: string | null | undefined, unsaid: boolean): boolean {
  return text === null || text === undefined ? unsaid : text.trim().toLowerCase() === 'true';
}
