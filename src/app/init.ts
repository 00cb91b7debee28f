import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { shownPath } from '../source/shown-path.js';
import type { InitOptions, InitReport } from './lockkeeper.js';
import { insertIntoJson } from './templates/json-insert.js';
import { putSection } from './templates/marked-section.js';
import {
  agentsSection,
  configJson,
  configModule,
  npmScripts,
  workflow,
  type ProjectTools,
} from './templates/project-files.js';

/** One file as it should be; `text` null means that it stays as it is. */
interface Wanted {
  readonly path: string;
  readonly existed: boolean;
  readonly text: string | null;
}

/**
 * Sets a project up. Whatever exists stays: files are made, lines, scripts and sections are added, and nothing is
 * replaced but our own marked section. A second run changes nothing.
 * @throws {CONFIG_INVALID} for a package.json that cannot be read; nothing was written then.
 */
export function init(config: ResolvedConfig, context: Context, options: InitOptions): InitReport {
  const project = new Project(config, context, options);
  const wanted = project.plan();
  for (const { path, text } of wanted) {
    if (text === null) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const shown = (files: readonly Wanted[]) => files.map(({ path }) => shownPath(path, config.root));
  return {
    created: shown(wanted.filter((file) => !file.existed)),
    changed: shown(wanted.filter((file) => file.existed && file.text !== null)),
    kept: shown(wanted.filter((file) => file.existed && file.text === null)),
  };
}

/** A project before it is set up; reads, and writes nothing. */
class Project {
  readonly #config: ResolvedConfig;
  readonly #context: Context;
  readonly #options: InitOptions;
  readonly #packageJson: string | null;
  readonly #tools: ProjectTools;

  constructor(config: ResolvedConfig, context: Context, options: InitOptions) {
    this.#config = config;
    this.#context = context;
    this.#options = options;
    this.#packageJson = this.#readIfThere('package.json');
    this.#tools = {
      manager: this.#manager(),
      locked: ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock'].some((name) => existsSync(this.#at(name))),
      migrations: shownPath(this.#migrationsDir(), config.root),
      format: options.format ?? 'sql',
      foreign: config.sources.map(({ format }) => format).filter((format) => format !== 'native'),
    };
  }

  plan(): Wanted[] {
    const { ci = false, agents = false, scripts = this.#packageJson !== null } = this.#options;
    if (this.#packageJson !== null && !this.#dependencies().includes('lockkeeper')) this.#warnNotInstalled();
    return [
      this.#migrations(),
      this.#configuration(),
      ...(scripts ? this.#scripts() : []),
      this.#gitignore(),
      ...(ci ? [this.#whole('.github/workflows/migrations.yml', () => workflow(this.#tools))] : []),
      ...(agents ? this.#agents() : []),
    ];
  }

  /** Git keeps no empty folder, and a fresh clone without it would be told that the folder is missing. */
  #migrations(): Wanted {
    const dir = this.#migrationsDir();
    // Another tool may take an odd file in its folder for a migration.
    if (existsSync(dir) || this.#tools.foreign.length > 0) return { path: dir, existed: true, text: null };
    return { path: join(dir, '.gitkeep'), existed: false, text: '' };
  }

  #configuration(): Wanted {
    if (this.#config.file !== null) return { path: this.#config.file, existed: true, text: null };
    const typescript =
      this.#options.format === 'ts' ||
      existsSync(this.#at('tsconfig.json')) ||
      this.#dependencies().includes('typescript');
    if (typescript) return this.#whole('lockkeeper.config.ts', () => configModule(this.#tools));
    return this.#packageJson === null
      ? this.#whole('lockkeeper.config.json', () => configJson(this.#tools))
      : this.#whole('lockkeeper.config.mjs', () => configModule(this.#tools));
  }

  #scripts(): Wanted[] {
    const path = this.#at('package.json');
    if (this.#packageJson === null) {
      throw new LockkeeperError('USAGE_INVALID', {
        message: 'There is no package.json to add scripts to.',
        hint: 'Run "npm init" first, or leave the scripts out.',
        details: { option: 'scripts' },
      });
    }
    const text = insertIntoJson(this.#packageJson, 'scripts', npmScripts(this.#tools));
    return [{ path, existed: true, text: text === this.#packageJson ? null : text }];
  }

  #warnNotInstalled(): void {
    const install = {
      npm: 'npm install --save-dev',
      pnpm: 'pnpm add -D',
      yarn: 'yarn add -D',
      none: 'npm install',
    };
    this.#context.events.emit('warning', {
      code: 'not-installed',
      message:
        'lockkeeper is not among the dependencies of package.json: its scripts will not find it, and npx takes any version.',
      hint: `Run: ${install[this.#tools.manager]} lockkeeper`,
    });
  }

  /** The embedded server's data and caches are nobody else's business. */
  #gitignore(): Wanted {
    const path = this.#at('.gitignore');
    const text = this.#readIfThere('.gitignore');
    if (text === null) return { path, existed: false, text: '.lockkeeper/\n' };
    if (/^\/?\.lockkeeper\/?[ \t]*\r?$/m.test(text)) return { path, existed: true, text: null };
    const newline = text.includes('\r\n') ? '\r\n' : '\n';
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return { path, existed: true, text: `${text}${gap}.lockkeeper/${newline}` };
  }

  /** Both files, unless one is a link to the other. */
  #agents(): Wanted[] {
    const seen = new Set<string>();
    return ['AGENTS.md', 'CLAUDE.md'].flatMap((name) => {
      const path = this.#at(name);
      const real = existsSync(path) ? realpathSync(path) : path;
      if (seen.has(real)) return [];
      seen.add(real);
      const text = this.#readIfThere(name);
      const next = putSection(text ?? '', agentsSection(this.#tools));
      if (next === null) this.#warnOpenSection(name);
      return [{ path, existed: text !== null, text: next === text ? null : next }];
    });
  }

  #warnOpenSection(name: string): void {
    this.#context.events.emit('warning', {
      code: 'section-open',
      message: `${name} holds the comment "lockkeeper:begin" without "lockkeeper:end", and was left alone.`,
      hint: 'Add <!-- lockkeeper:end --> where the section ends, or remove both.',
    });
  }

  #whole(name: string, text: () => string): Wanted {
    const path = this.#at(name);
    return existsSync(path) ? { path, existed: true, text: null } : { path, existed: false, text: text() };
  }

  #manager(): ProjectTools['manager'] {
    if (existsSync(this.#at('pnpm-lock.yaml'))) return 'pnpm';
    if (existsSync(this.#at('yarn.lock'))) return 'yarn';
    return this.#packageJson === null ? 'none' : 'npm';
  }

  #dependencies(): readonly string[] {
    if (this.#packageJson === null) return [];
    const parsed = this.#parsePackage(this.#packageJson);
    if (parsed['name'] === 'lockkeeper') return ['lockkeeper'];
    return ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].flatMap((key) =>
      Object.keys((parsed[key] as Record<string, unknown> | undefined) ?? {}),
    );
  }

  #parsePackage(text: string): Readonly<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
        return parsed as Readonly<Record<string, unknown>>;
      }
      throw new TypeError('it is no object');
    } catch (cause) {
      throw new LockkeeperError('CONFIG_INVALID', {
        message: `package.json cannot be understood: ${(cause as Error).message}.`,
        hint: 'Mend it and run "lockkeeper init" again. Nothing was written.',
        cause,
      });
    }
  }

  #migrationsDir(): string {
    return this.#config.sources[0]?.dir ?? this.#at('migrations');
  }

  #at(name: string): string {
    return join(this.#config.root, name);
  }

  #readIfThere(name: string): string | null {
    const path = this.#at(name);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  }
}
