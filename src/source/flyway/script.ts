import type { LockkeeperError } from '../../core/errors.js';
import type { SqlScript } from '../../migration/migration.js';
import { readText } from '../decode.js';
import type { SourceProject } from '../list.js';
import { shownPath } from '../shown-path.js';
import { emptySql, sqlScriptOf } from '../sql-text.js';
import { flywayChecksum } from './checksum.js';
import { decodeAs } from './encoding.js';
import { replacePlaceholders } from './placeholders.js';
import type { FoundFile, Scan } from './scan.js';
import { readScriptConfig, type ScriptConfig } from './script-config.js';
import type { FlywaySettings } from './settings.js';

/** One SQL file of Flyway's, ready to run. */
export interface FlywayScript {
  readonly script: SqlScript;
  readonly config: ScriptConfig;
  /** Of the file as it is. */
  readonly checksum: number;
  /** Of what runs, where placeholders made another text of it. */
  readonly replacedChecksum: number;
  readonly replaced: boolean;
  readonly problems: readonly LockkeeperError[];
}

export interface FlywayReading {
  readonly project: SourceProject;
  readonly settings: FlywaySettings;
  readonly scan: Scan;
}

/** @throws {MIGRATION_UNREADABLE} {CONFIG_INVALID} {FOREIGN_STEP_REFUSED} */
export function readFlywayScript(found: FoundFile, { project, settings }: FlywayReading): FlywayScript {
  const file = shownPath(found.path, project.root);
  const config = readScriptConfig(found.path, file);
  const encoding = config.encoding ?? settings.encoding;
  const listed = project.reader.take(found.path);
  const text = /^utf-?8$/i.test(encoding)
    ? readText(found.path, file, listed).text
    : decodeAs(encoding, { path: found.path, shown: file, listed });
  const replaces = config.placeholderReplacement ?? settings.placeholderReplacement;
  const replaced = replaces
    ? replacePlaceholders(text, { shown: file, fileName: found.fileName }, settings)
    : { text, changed: false, problems: [] };
  const { script, problems } = sqlScriptOf({ text: replaced.text, file, lineOffset: 0 });
  return {
    script: script ?? emptySql(file),
    config,
    checksum: flywayChecksum(text),
    replacedChecksum: flywayChecksum(replaced.text),
    replaced: replaced.changed,
    problems: replaced.problems.length > 0 ? replaced.problems : problems,
  };
}
