/** A table; cells may hold anything, also `|`. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(text) {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}

export const code = (text) => `\`${text}\``;

/**
 * Puts texts into the marked regions of a page: what stands between `<!-- generated: name -->` and
 * `<!-- /generated -->`. Throws when a region has no text, or a text no region.
 */
export function fillRegions(page, regions) {
  const used = new Set();
  const filled = page.replaceAll(
    /(<!-- generated: ([\w-]+) -->\n).*?(<!-- \/generated -->)/gs,
    (_, begin, name, end) => {
      if (regions[name] === undefined) throw new Error(`Nothing is generated under the name "${name}".`);
      used.add(name);
      return `${begin}\n${regions[name]}\n\n${end}`;
    },
  );
  const unused = Object.keys(regions).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`The page has no region for ${unused.join(', ')}.`);
  return filled;
}
