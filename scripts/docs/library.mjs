// The lists of docs/library.md: events, verbs and options, from the doc comments of the source.
import { code, fillRegions, table } from './markdown.mjs';

export function fillLibrary(page, { events, options }) {
  return fillRegions(page, {
    events: renderEvents(events),
    options: renderOptions(options.get('LockkeeperOptions')),
  });
}

function renderEvents(types) {
  const shared = types.get('MigrationEvent').members.map((member) => member.name);
  const rows = types.get('EventMap').members.map(({ name, type, doc }) => {
    if (doc === '') throw new Error(`src/core/events.ts has no doc comment for ${name}.`);
    return [code(name), payload(type, shared).map(code).join(', '), doc];
  });
  return table(['event', 'payload', 'when'], rows);
}

/** The keys of a payload as it is written; `Warning` and the like stay a name. */
function payload(type, shared) {
  const [, mixed, body] = /^(?:(MigrationEvent)(?: & )?)?(?:\{(.*)\})?$/.exec(type) ?? [];
  if (mixed === undefined && body === undefined) return [type];
  return [...(mixed === undefined ? [] : shared), ...keysOf(body ?? '')];
}

function keysOf(body) {
  let depth = 0;
  let key = '';
  const keys = [];
  for (const part of body.split(/([{};:])/)) {
    if (part === '{') depth++;
    else if (part === '}') depth--;
    else if (depth === 0 && part === ':') keys.push(key.replace('?', '').trim());
    key = part;
  }
  return keys;
}

function renderOptions({ members }) {
  const rows = members.map(({ name, type, doc, byDefault }) => {
    if (doc === '') throw new Error(`src/app/options.ts has no doc comment for ${name}.`);
    return [code(name), code(type), byDefault === null ? doc : `${doc} **Default:** ${byDefault}.`];
  });
  return table(['option', 'type', 'meaning'], rows);
}
