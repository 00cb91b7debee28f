// Prints the changelog's section for a tag, and refuses a tag that does not belong to this package version.
// `node scripts/release-notes.mjs v1.2.3`
import { readFileSync } from 'node:fs';

const tag = process.argv[2] ?? '';
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
if (tag !== `v${version}`) fail(`The tag is "${tag}", and package.json says ${version}.`);

const sections = readFileSync(new URL('../CHANGELOG.md', import.meta.url), 'utf8').split(/^## /m);
const section = sections.find((text) => text.startsWith(`[${version}]`));
if (section === undefined) fail(`CHANGELOG.md has no section "## [${version}] - <date>".`);

const pending = sections
  .find((text) => text.startsWith('[Unreleased]'))
  ?.replace('[Unreleased]', '')
  .trim();
if (pending) fail('CHANGELOG.md still has unreleased entries: move them into the section of this version.');
process.stdout.write(`${section.split('\n').slice(1).join('\n').trim()}\n`);

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
