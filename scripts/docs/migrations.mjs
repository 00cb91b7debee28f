// The table of directives in docs/migrations.md, from src/migration/metadata-fields.ts.
import { code, fillRegions, table } from './markdown.mjs';

/** What each directive is for. One that the source does not know, or that is missing here, stops the build. */
const meanings = {
  description: 'One sentence for people; several lines are joined. Kept in the history.',
  author: 'Who wrote it. Kept in the history.',
  risk: 'How dangerous the author thinks it is. Shown by `status`.',
  depends:
    'Migrations that have to be applied before this one: versions, names, or `version_name`. They are ordered before it, and cannot be undone while it is applied. Counts in the checksum.',
  tags: 'Labels that `up --tags` selects by.',
  'estimated-duration': 'How long the author thinks it takes.',
  'requires-downtime': 'Whether the application has to be stopped for it. A bare directive says yes.',
  'affected-tables': 'The tables it is about.',
  'reviewed-by': 'Who has looked at it.',
  transaction:
    'How statements are put into transactions; see [below](#transactions). Counts in the checksum.',
  irreversible: 'Why there is no way back; the reason is shown when somebody asks for one.',
  reversible: '`reversible: false` is a short way to say `irreversible` without a reason.',
  release: 'A label that `up --to` and `down --to` accept. Several migrations may carry the same one.',
  environments:
    'The environments it runs in; it is passed over in others. Nothing said: all. A misspelt name is refused. Counts in the checksum.',
  repeatable: 'Runs again whenever the file changes; see [below](#repeatable-migrations).',
  retry:
    'For code only: its function may be called again when a lock was not to be had; see [below](#locks-and-retry).',
};

/** Checked when the file is read, and kept for people; nothing in this version acts on them. */
const notes = new Set(['estimated-duration', 'requires-downtime', 'affected-tables', 'reviewed-by']);

export function fillMigrations(page, { metadataFields }) {
  const known = metadataFields.map((field) => field.directive);
  const missing = known.filter((name) => meanings[name] === undefined);
  const stale = Object.keys(meanings).filter((name) => !known.includes(name));
  if (missing.length + stale.length > 0)
    throw new Error(
      `scripts/docs/migrations.mjs and the directives differ: ${[...missing, ...stale].join(', ')}.`,
    );
  const rows = metadataFields.map((field) => [
    code(field.directive),
    [...field.aliases].map(code).join(', ') || '–',
    acceptedBy(field),
    `${meanings[field.directive]}${notes.has(field.directive) ? ' A note: nothing acts on it yet.' : ''}`,
  ]);
  return fillRegions(page, { directives: table(['directive', 'also written', 'value', 'meaning'], rows) });
}

/** A field says what it accepts when it is given what it cannot take. */
function acceptedBy(field) {
  const draft = {
    depends: [],
    tags: [],
    affectedTables: [],
    reviewedBy: [],
    environments: [],
    irreversible: null,
  };
  const refusal = field.set(draft, field.strict ? '§' : Symbol('nothing'));
  if (refusal === null) throw new Error(`The directive "${field.directive}" takes anything.`);
  const list = refusal.accepted.replace('a text, or a list of texts', 'words with commas between them');
  return list.replaceAll(/["'](.+?)["']/g, (_, word) => code(word));
}
