import { join } from 'node:path';
import type { Format, FormatSource, NewFile, NewFileRequest } from '../format.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { configureFlyway } from './configure.js';
import { flywayHistory } from './history.js';
import { listFlyway } from './list.js';
import { readFlyway } from './read.js';
import { type Scan, scanLocations, versionOf } from './scan.js';
import { type FlywaySettings, readFlywaySettings } from './settings.js';

/** Flyway: files such as `V1_2__create_users.sql`, and the table `flyway_schema_history`. */
export const flyway: Format = {
  name: 'flyway',
  title: 'Flyway',
  configure: configureFlyway,
  open: openFlyway,
};

function openFlyway(options: SourceOptions, project: SourceProject): FormatSource {
  const settings = readFlywaySettings(options.settings, options.dir);
  // The folders are looked at anew by each listing; what is read or compared afterwards is what was listed.
  let scan: Scan | null = null;
  const rescan = (): Scan => (scan = scanLocations(settings, project.root));
  return {
    list: () => listFlyway(options, project, rescan()),
    read: (files) => Promise.resolve(readFlyway(files, { project, settings, scan: scan ?? rescan() })),
    history: flywayHistory(settings, () => (scan ?? rescan()).versioned.map(versionOf)),
    isCode: false,
    create: (request) => newMigration(settings, request),
  };
}

/** `V20240101093000__create_users.sql`, in the first location, and `U…` beside it where there is a way back. */
function newMigration(
  settings: FlywaySettings,
  { name, now, up, down, existing }: NewFileRequest,
): readonly NewFile[] {
  const { prefixes, separator, suffixes, locations } = settings;
  const version = nextVersion(
    existing.filter(({ repeatable }) => !repeatable).map((file) => file.version),
    now,
  );
  const file = (prefix: string): string =>
    join(locations[0] ?? '.', `${prefix}${version}${separator}${name}${suffixes[0] ?? '.sql'}`);
  return [
    { path: file(prefixes.versioned), content: up },
    ...(down === null ? [] : [{ path: file(prefixes.undo), content: down }]),
  ];
}

/** Counts on where the newest version is a small whole number; else a time stamp, which sorts behind it. */
function nextVersion(versions: readonly string[], now: Date): string {
  const newest = versions.at(-1) ?? '';
  if (/^\d{1,6}$/.test(newest)) return String(Number(newest) + 1).padStart(newest.length, '0');
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
