import type { FileContext } from './context.js';
import { ChangesetOf, type Draft } from './formatted-changeset.js';
import { directiveOf, readAttributes, truth } from './formatted-line.js';
import { sqlPrecondition } from './formatted-precondition.js';
import type { Place } from './place.js';
import { invalidChangelog } from './problem.js';

/** Whether the first line that is not empty says `--liquibase formatted sql`. */
export function isFormattedSql(text: string): boolean {
  return /^\s*--\s*liquibase\s*formatted/i.test(text.replace(/^\uFEFF/, '').trimStart());
}

/** Reads the changesets of one file of formatted SQL. */
export function readFormattedSql(text: string, context: FileContext): void {
  new FormattedReading(text, context).run();
}

class FormattedReading {
  readonly #lines: readonly string[];
  readonly #context: FileContext;
  #at = 0;
  #draft: Draft | null = null;
  #logicalPath: string | null = null;

  constructor(text: string, context: FileContext) {
    this.#lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
    this.#context = context;
  }

  run(): void {
    while (this.#at < this.#lines.length) {
      this.#line(this.#lines[this.#at] ?? '');
      this.#at += 1;
    }
    this.#finish();
  }

  get #place(): Place {
    return { path: this.#context.path, file: this.#context.shown, line: this.#at + 1 };
  }

  #line(line: string): void {
    const directive = directiveOf(line);
    if (directive === null) {
      this.#text(line);
      return;
    }
    switch (directive.kind) {
      case 'header':
        this.#logicalPath ??= readAttributes(line).get('logicalfilepath') ?? null;
        this.#text(this.#draft === null ? '' : line);
        return;
      case 'property':
        this.#property(directive.body);
        break;
      case 'ignoreLines':
        this.#skip(directive.body);
        return;
      case 'changeset':
        this.#begin(directive.body);
        return;
      case 'malformed':
        this.#problem(`"${line.trim()}" is not in Liquibase's form.`, `Write it as ${directive.body}.`);
        break;
      default:
        if (this.#draft !== null) this.#inside(directive.kind, directive.body, this.#draft);
    }
    this.#blank();
  }

  #text(line: string): void {
    this.#draft?.sql.push(line);
    this.#draft?.counted.push(line);
    this.#draft?.rollback.push('');
  }

  /** A line that is no SQL keeps its place. */
  #blank(): void {
    if (this.#draft === null) return;
    const { sql, rollback } = this.#draft;
    sql.push('');
    if (rollback.length < sql.length) rollback.push('');
  }

  #inside(kind: string, body: string, draft: Draft): void {
    const { parameters } = this.#context;
    switch (kind) {
      case 'comment':
        draft.comments = body;
        break;
      case 'rollback':
        draft.rollback.push(body);
        break;
      case 'rollbackBlock':
        this.#rollbackBlock(draft);
        break;
      case 'preconditions':
        draft.preconditions = { place: this.#place, body };
        break;
      case 'precondition': {
        const check = sqlPrecondition(parameters.expand(body), this.#context);
        if (check === null) {
          this.#problem(
            `the precondition "${body}" is not known.`,
            'Accepted in formatted SQL: precondition-sql-check, precondition-table-exists, precondition-view-exists.',
          );
        } else draft.checks.push(check);
        draft.preconditions ??= { place: this.#place, body: '' };
        break;
      }
      default:
    }
  }

  /** From a line with the opening of a comment and `liquibase rollback` to the one that closes it. */
  #rollbackBlock(draft: Draft): void {
    this.#blank();
    for (this.#at += 1; this.#at < this.#lines.length; this.#at += 1) {
      const line = this.#lines[this.#at] ?? '';
      const end = /^(.*?)\*\/\s*$/.exec(line);
      draft.rollback.push(end?.[1] ?? line);
      if (end !== null) return;
      draft.sql.push('');
    }
    this.#problem('the comment with the rollback is not closed.', 'Close it with */.');
  }

  #skip(body: string): void {
    this.#blank();
    const count = body.toLowerCase() === 'start' ? Infinity : Number(body);
    for (let skipped = 0; skipped < count && this.#at + 1 < this.#lines.length; skipped += 1) {
      this.#at += 1;
      this.#blank();
      if (/^--\s*ignoreLines:end\s*$/i.test(this.#lines[this.#at] ?? '')) return;
    }
  }

  #property(body: string): void {
    const { parameters } = this.#context;
    const attributes = readAttributes(body);
    const value = (name: string): string | null => {
      const text = attributes.get(name);
      return text === undefined ? null : parameters.expand(text);
    };
    const name = value('name');
    if (name === null) return;
    parameters.set(name, value('value') ?? '', {
      contexts: value('contextfilter') ?? value('context'),
      labels: value('labels'),
      dbms: value('dbms'),
      global: truth(attributes.get('global'), true),
    });
  }

  #begin(body: string): void {
    this.#finish();
    const match = /^("[^"]+"|[^:]+):\s*("[^"]+"|\S+)(.*)$/.exec(body);
    if (match === null) {
      this.#problem(
        `"--changeset ${body}" is not in Liquibase's form.`,
        'Write it as --changeset author:id.',
      );
      return;
    }
    const { parameters } = this.#context;
    const [, author = '', id = '', rest = ''] = match;
    this.#draft = {
      place: this.#place,
      author: parameters.expand(unquoted(author)),
      id: parameters.expand(unquoted(id)),
      attributes: readAttributes(rest),
      sql: [],
      counted: [],
      rollback: [],
      comments: '',
      preconditions: null,
      checks: [],
    };
  }

  #finish(): void {
    const draft = this.#draft;
    this.#draft = null;
    if (draft === null) return;
    const { gathered } = this.#context;
    try {
      gathered.changesets.push(new ChangesetOf(draft, this.#context).result(this.#logicalPath));
    } catch (error) {
      gathered.problems.push(error as (typeof gathered.problems)[number]);
    }
  }

  #problem(message: string, hint: string): void {
    this.#context.gathered.problems.push(invalidChangelog(this.#place, message, hint));
  }
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');
