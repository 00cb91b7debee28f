import type { CommandModule } from './invocation.js';

/** What runs a verb; each is loaded when it is called, so that help and completion load none. */
export const actions: Readonly<Record<string, () => Promise<CommandModule>>> = {
  up: () => import('./commands/up.js'),
  down: () => import('./commands/down.js'),
  status: () => import('./commands/status.js'),
  new: () => import('./commands/new.js'),
  redo: () => import('./commands/redo.js'),
  verify: () => import('./commands/verify.js'),
  history: () => import('./commands/history.js'),
  config: () => import('./commands/config.js'),
  doctor: () => import('./commands/doctor.js'),
  init: () => import('./commands/init.js'),
  setup: () => import('./commands/setup.js'),
  reset: () => import('./commands/reset.js'),
  fresh: () => import('./commands/fresh.js'),
  tag: () => import('./commands/tag.js'),
  mark: () => import('./commands/mark.js'),
  repair: () => import('./commands/repair.js'),
  db: () => import('./commands/db.js'),
  completion: () => import('./commands/completion.js'),
};
