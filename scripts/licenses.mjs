// Collects the licences of the packages that were bundled, from the modules that really went into the bundle.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Markdown text with name, version and licence text of each bundled package, by name. */
export function renderLicenses(moduleIds) {
  const folders = [...new Set(moduleIds.map(packageFolder).filter((folder) => folder !== null))];
  const packages = folders.map(readPackage).sort((a, b) => a.name.localeCompare(b.name));
  return [
    '# Third-party licenses',
    '',
    'These packages are part of the bundled files of Lockkeeper.',
    '',
    ...packages.map(renderPackage),
  ].join('\n');
}

/** `…/node_modules/@scope/name` of a module's path; null for our own modules and for virtual ones. */
function packageFolder(id) {
  const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/').replace(/^\0/, ''));
  return match?.[1] ?? null;
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  if (license === undefined) throw new Error(`${name} names no license and must not be bundled.`);
  return {
    name,
    version,
    license,
    text: file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim(),
  };
}

function renderPackage({ name, version, license, text }) {
  return [
    `## ${name} ${version}`,
    '',
    `License: ${license}`,
    '',
    ...(text === null ? [] : ['```', text, '```', '']),
  ].join('\n');
}
