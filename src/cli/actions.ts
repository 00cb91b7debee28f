import { run as backfill } from './commands/backfill.js';
import { run as config } from './commands/config.js';
import { run as db } from './commands/db.js';
import { run as doctor } from './commands/doctor.js';
import { run as down } from './commands/down.js';
import { run as fresh } from './commands/fresh.js';
import { run as history } from './commands/history.js';
import { run as init } from './commands/init.js';
import { run as lock } from './commands/lock.js';
import { run as adopt } from './commands/adopt.js';
import { run as convert } from './commands/convert.js';
import { run as mark } from './commands/mark.js';
import { run as create } from './commands/new.js';
import { run as redo } from './commands/redo.js';
import { run as repair } from './commands/repair.js';
import { run as reset } from './commands/reset.js';
import { run as setup } from './commands/setup.js';
import { run as status } from './commands/status.js';
import { run as tag } from './commands/tag.js';
import { run as up } from './commands/up.js';
import { run as verify } from './commands/verify.js';
import type { Action } from './invocation.js';

/** What runs each verb, but help and completion, which the start of the program does itself. */
export const actions: Readonly<Record<string, Action>> = {
  up,
  down,
  status,
  new: create,
  redo,
  verify,
  history,
  config,
  doctor,
  init,
  setup,
  reset,
  fresh,
  adopt,
  convert,
  backfill,
  tag,
  lock,
  mark,
  repair,
  db,
};
