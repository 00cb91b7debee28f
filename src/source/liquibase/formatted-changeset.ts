import { changesetChecksum, sqlChecksum } from './checksum.js';
import { type FileContext, runsHere, withInherited } from './context.js';
import { withSemicolons } from './delimiter.js';
import { truth, type Attributes } from './formatted-line.js';
import { sqlPreconditionSet } from './formatted-precondition.js';
import type { Changeset, ChangeSql } from './model.js';
import { normalPath } from './path.js';
import type { Place } from './place.js';
import type { Check } from './precondition.js';
import { invalidChangelog, refusedStep } from './problem.js';

/** A changeset whose end has not been reached. */
export interface Draft {
  readonly place: Place;
  readonly id: string;
  readonly author: string;
  readonly attributes: Attributes;
  /** One for each line of the file, with directives left empty, so that lines keep their numbers. */
  readonly sql: string[];
  /** Without the lines of directives: what the checksum is made of. */
  readonly counted: string[];
  readonly rollback: string[];
  comments: string;
  preconditions: { readonly place: Place; readonly body: string } | null;
  readonly checks: Check[];
}

/** Makes a changeset of what was written between its header and the next one. */
export class ChangesetOf {
  readonly #draft: Draft;
  readonly #context: FileContext;

  constructor(draft: Draft, context: FileContext) {
    this.#draft = draft;
    this.#context = context;
  }

  /** @throws {FOREIGN_STEP_REFUSED} {FOREIGN_FILE_INVALID} */
  result(logicalPath: string | null): Changeset {
    const draft = this.#draft;
    const { attributes, place, checks } = draft;
    const { parameters, inherited, name } = this.#context;
    const said = (key: string): string | null => {
      const text = attributes.get(key);
      return text === undefined || text === '' ? null : parameters.expand(text);
    };
    this.#refuseUnrunnable(draft, said('runwith'));
    const sql = parameters.expand(draft.counted.join('\n').trim());
    if (sql === '') {
      throw invalidChangelog(
        place,
        `the changeset ${draft.author}:${draft.id} holds no SQL.`,
        'Give it SQL, such as "select 1;", or remove it.',
      );
    }
    const own = { contexts: said('contextfilter') ?? said('context'), labels: said('labels') };
    const dbms = said('dbms');
    const ignore = truth(said('ignore'), false);
    const runOnChange = truth(attributes.get('runonchange'), false);
    const runAlways = truth(attributes.get('runalways'), false);
    const delimiter = said('enddelimiter');
    const set = draft.preconditions === null ? null : { ...draft.preconditions, checks };
    const failOnError = attributes.get('failonerror');
    return {
      id: draft.id,
      author: draft.author,
      filename: normalPath(said('logicalfilepath') ?? logicalPath ?? name),
      place,
      runOnChange,
      runAlways,
      runInTransaction: truth(attributes.get('runintransaction'), true),
      failOnError: failOnError === undefined ? null : truth(failOnError, true),
      ...withInherited(own, inherited),
      comments: draft.comments,
      description: 'sql',
      runsHere: runsHere({ ...own, dbms, ignore }, this.#context),
      preconditions: set === null ? null : sqlPreconditionSet(set),
      up: [{ text: withSemicolons(parameters.expand(draft.sql.join('\n')), delimiter), place: below(place) }],
      down: this.#rollback(draft, said('rollbackenddelimiter') ?? delimiter),
      checksum: changesetChecksum([sqlChecksum(sql)]),
      tag: null,
      content: contentOf(draft, sql),
    };
  }

  #refuseUnrunnable({ place, author, id }: Draft, runWith: string | null): void {
    if (runWith === null || runWith.toLowerCase() === 'jdbc') return;
    throw refusedStep(
      place,
      `the changeset ${author}:${id} asks to be run by ${runWith}, a program of its own.`,
      'Write it in plain SQL and leave runWith out.',
    );
  }

  #rollback({ rollback, place }: Draft, delimiter: string | null): readonly ChangeSql[] | null {
    const text = rollback.join('\n');
    if (text.trim() === '') return null;
    if (/^\s*(?:not required|empty)/i.test(text)) return [];
    if (/changesetid/i.test(text)) return this.#rollbackByAnother(text, place);
    const expanded = this.#context.parameters.expand(text);
    return [{ text: withSemicolons(expanded, delimiter), place: below(place) }];
  }

  /** The way back is to run another changeset again. */
  #rollbackByAnother(text: string, place: Place): readonly ChangeSql[] {
    const { gathered, name } = this.#context;
    const said = (key: string): string | undefined => new RegExp(`${key}:(\\S+)`, 'i').exec(text)?.[1];
    const path = normalPath(said('changesetPath') ?? name);
    const found = gathered.changesets.find(
      (one) =>
        one.id === said('changesetId') && one.author === said('changesetAuthor') && one.filename === path,
    );
    if (found !== undefined) return found.up;
    throw invalidChangelog(
      place,
      `its rollback names the changeset "${text.trim()}", which does not come before it.`,
      'Correct the id, author and path.',
    );
  }
}

/** A changeset's SQL begins on the line below its header. */
const below = (place: Place): Place => ({ ...place, line: place.line + 1 });

function contentOf({ attributes, rollback, preconditions, checks }: Draft, sql: string): string {
  const back = rollback.join('\n').trim();
  return JSON.stringify([[...attributes], sql, back, preconditions?.body ?? null, checks]);
}
