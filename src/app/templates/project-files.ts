/** How a project runs its tools. */
export interface ProjectTools {
  readonly manager: 'npm' | 'pnpm' | 'yarn' | 'none';
  /** Its lock file is there. */
  readonly locked: boolean;
  /** Folder of the migrations, relative to the project. */
  readonly migrations: string;
  /** What new migrations are written in. */
  readonly format: 'sql' | 'ts';
  /** The other tools whose migrations these are; empty where they are native. */
  readonly foreign: readonly string[];
}

/** The npm scripts, by name. */
export function npmScripts({ format }: ProjectTools): Readonly<Record<string, string>> {
  return {
    migrate: 'lockkeeper up',
    'migrate:down': 'lockkeeper down',
    'migrate:status': 'lockkeeper status',
    'migrate:new': format === 'ts' ? 'lockkeeper new --format ts' : 'lockkeeper new',
    'migrate:fresh': 'lockkeeper fresh',
    'migrate:reset': 'lockkeeper reset',
    'db:setup': 'lockkeeper setup',
  };
}

/** A configuration in TypeScript or JavaScript. */
export function configModule({ migrations, format, foreign }: ProjectTools): string {
  if (foreign.length > 0) return foreignModule(foreign);
  const dir = JSON.stringify(migrations).replaceAll('"', "'");
  const folder = format === 'ts' ? `{ dir: ${dir}, format: 'typescript' }` : dir;
  return `import { defineConfig } from 'lockkeeper/config';

// DATABASE_URL, and DATABASE_URL_<ENVIRONMENT>, come before the urls below.
export default defineConfig({
  migrations: ${folder},
  environments: {
    // A PostgreSQL of its own under .lockkeeper/, started when it is needed.
    development: { url: 'embedded' },
    // Destructive verbs are refused here, or ask for its name.
    production: { url: process.env.DATABASE_URL, protected: true },
  },
});
`;
}

/** Folder and database stay where the other tool's own configuration says them: to say them twice would be to part them. */
function foreignModule(foreign: readonly string[]): string {
  const entries = foreign.map((format) => `{ format: '${format}' }`);
  return `import { defineConfig } from 'lockkeeper/config';

// Folder, database and history are taken from the tool's own configuration: lockkeeper config --explain shows them.
export default defineConfig({
  migrations: ${entries.length === 1 ? entries.join('') : `[${entries.join(', ')}]`},
});
`;
}

/** The same as JSON, for a project without a package.json. */
export function configJson({ migrations, foreign }: ProjectTools): string {
  if (foreign.length > 0) {
    const entries = foreign.map((format) => ({ format }));
    return `${JSON.stringify({ migrations: entries.length === 1 ? entries[0] : entries }, null, 2)}\n`;
  }
  const config = {
    migrations,
    environments: { development: { url: 'embedded' }, production: { protected: true } },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** A GitHub Actions workflow: tries the migrations on an empty server, then applies them to production from main. */
export function workflow(tools: ProjectTools): string {
  const command = commandPrefix(tools);
  const install = installSteps(tools).join('\n');
  return `name: Migrations

on:
  pull_request:
    paths: ['${tools.migrations}/**']
  push:
    branches: [main]
    paths: ['${tools.migrations}/**']

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    services:
      postgres:
        image: postgres:18
        env:
          POSTGRES_PASSWORD: postgres
        ports: ['5432:5432']
        options: --health-cmd pg_isready --health-interval 2s --health-retries 20
    env:
      DATABASE_URL: postgres://postgres:postgres@localhost:5432/postgres
      LOCKKEEPER_ENV: test
    steps:
${install}
      - name: Apply everything
        run: ${command} up
      - name: Check files, order and checksums
        run: ${command} verify
      - name: Nothing may be pending
        run: ${command} status --check

  deploy:
    if: github.event_name == 'push'
    needs: check
    runs-on: ubuntu-latest
    environment: production
    # One deployment at a time, and none is cut off in the middle.
    concurrency:
      group: migrations-production
      cancel-in-progress: false
    env:
      DATABASE_URL: \${{ secrets.DATABASE_URL }}
      LOCKKEEPER_ENV: production
    steps:
${install}
      - name: Apply what is pending
        run: ${command} up --lock-wait 5m
      - name: Nothing may be pending
        run: ${command} status --check
`;
}

/** The section for CLAUDE.md and AGENTS.md. */
export function agentsSection(tools: ProjectTools): string {
  const command = commandPrefix(tools);
  const example = tools.format === 'ts' ? ' --format ts' : '';
  return `## Database migrations

The schema is changed by the files in \`${tools.migrations}/\`, applied by [Lockkeeper](https://www.npmjs.com/package/lockkeeper).

\`\`\`sh
${command} status                  # applied, pending, changed
${command} new create_users${example}     # write a new migration
${command} up                      # apply what is pending
${command} up --dry-run            # print the SQL, run nothing
${command} down                    # undo the last migration
${command} redo                    # undo it and apply it again
${command} verify                  # check files, order and checksums
${command} fresh                   # drop everything and apply all (development only)
\`\`\`

- Make a file with \`new\`; do not invent versions. Columns can be given: \`--column email:text:notnull:unique\`.
- Never edit a migration that was applied anywhere else than on your own machine; write another one.
- Give every migration a way back under \`-- migrate:down\`, or say why there is none: \`-- irreversible: <reason>\`.
- On tables in use: indexes with \`concurrently\`, constraints \`not valid\` first and \`validate constraint\` later.
  Lockkeeper splits such a file into steps by itself; do not write BEGIN or COMMIT.
- Change large amounts of data in batches, in a migration of its own.
- After writing one: \`up\`, \`down\`, \`up\` on the development database, then \`verify\`.
`;
}

const commands: Readonly<Record<ProjectTools['manager'], string>> = {
  npm: 'npx lockkeeper',
  pnpm: 'pnpm exec lockkeeper',
  yarn: 'yarn lockkeeper',
  none: 'npx --yes lockkeeper',
};

function commandPrefix({ manager }: ProjectTools): string {
  return commands[manager];
}

/** Checkout, Node, and the project's own dependencies. */
function installSteps({ manager, locked }: ProjectTools): string[] {
  const installs = {
    npm: locked ? 'npm ci' : 'npm install',
    pnpm: 'pnpm install --frozen-lockfile',
    yarn: 'yarn install --frozen-lockfile',
    none: null,
  };
  const install = installs[manager];
  // Neither pnpm nor every yarn comes with Node; corepack brings the one that package.json names.
  const corepack = manager === 'pnpm' || manager === 'yarn';
  return [
    'uses: actions/checkout@v4',
    ...(corepack ? ['run: corepack enable'] : []),
    "uses: actions/setup-node@v4\n        with:\n          node-version: '22'" +
      (locked ? `\n          cache: ${manager}` : ''),
    ...(install === null ? [] : [`run: ${install}`]),
  ].map((step) => `      - ${step}`);
}
