// Reads the interfaces of a TypeScript file with their doc comments, so that the pages say what the source says.
import { readFileSync } from 'node:fs';
import { parseAst } from 'rolldown/parseAst';

/**
 * Interfaces and type aliases of a file by name. A member has its name, its type as written, whether it is optional,
 * its doc comment as one paragraph, and what `@default` says.
 */
export function readTypes(file) {
  const text = readFileSync(file, 'utf8');
  const types = new Map();
  let end = 0;
  for (const node of parseAst(text, { lang: 'ts' }).body) {
    const declaration = node.declaration ?? node;
    const doc = docBetween(text, end, node.start);
    end = node.end;
    if (declaration.type === 'TSInterfaceDeclaration')
      types.set(declaration.id.name, { ...doc, kind: 'interface', ...readInterface(text, declaration) });
    else if (declaration.type === 'TSTypeAliasDeclaration')
      types.set(declaration.id.name, {
        ...doc,
        kind: 'alias',
        type: source(text, declaration.typeAnnotation),
      });
  }
  return types;
}

function readInterface(text, declaration) {
  let end = declaration.body.start;
  const members = declaration.body.body.flatMap((node) => {
    const doc = docBetween(text, end, node.start);
    end = node.end;
    if (node.type !== 'TSPropertySignature' && node.type !== 'TSMethodSignature') return [];
    const name = node.key.name ?? node.key.value;
    if (name === undefined) return [];
    return [{ name, optional: node.optional === true, type: typeOf(text, node), ...doc }];
  });
  const parents = (declaration.extends ?? []).map((parent) => source(text, parent));
  return { members, parents };
}

function typeOf(text, node) {
  const annotation = node.typeAnnotation?.typeAnnotation;
  return node.type === 'TSMethodSignature' || annotation === undefined
    ? oneLine(text.slice(node.key.end, node.end).replace(/;$/, ''))
    : source(text, annotation);
}

function source(text, node) {
  const type = oneLine(text.slice(node.start, node.end));
  return type
    .replaceAll(/\breadonly /g, '')
    .replace(/ \| undefined$/, '')
    .replace(/^\| /, '');
}

/** The doc comment that stands between two nodes. */
function docBetween(text, from, to) {
  const found = [...text.slice(from, to).matchAll(/\/\*\*(.*?)\*\//gs)].at(-1)?.[1];
  if (found === undefined) return { doc: '', byDefault: null };
  const lines = found.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trim());
  const whole = oneLine(lines.join('\n').split(/^@(?:example|throws)/m)[0] ?? '');
  const [doc = '', byDefault = null] = whole.split(/\s*@default\s+/);
  return { doc: doc.trim(), byDefault };
}

function oneLine(text) {
  return text
    .replaceAll(/\/\*\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
