import type { ResolvedConfig } from '../config/resolved.js';
import { LockkeeperError } from '../core/errors.js';
import type { ConfirmOptions, LockkeeperOptions } from './lockkeeper.js';

export type Ask = NonNullable<LockkeeperOptions['ask']>;

export interface Danger {
  readonly verb: string;
  readonly message: string;
  readonly plan: readonly string[];
}

/**
 * Lets a person, or an option, confirm what cannot be taken back. In a protected environment its name has to be
 * given: `yes` is too easily left in a script.
 * @throws {CONFIRMATION_MISSING}
 */
export async function confirmDanger(
  config: ResolvedConfig,
  danger: Danger,
  answer: ConfirmOptions & { readonly ask: Ask | undefined },
): Promise<void> {
  const { name, protected: isProtected } = config.environment;
  const confirmed = isProtected ? answer.confirm === name : answer.yes === true || answer.confirm === name;
  if (confirmed) return;
  const question = { ...danger, typed: isProtected ? name : null };
  if (answer.ask !== undefined && (await answer.ask(question))) return;
  throw new LockkeeperError('CONFIRMATION_MISSING', {
    message: `"${danger.verb}" was not confirmed, so nothing was done.`,
    hint: isProtected
      ? `The environment "${name}" is protected: type its name when asked, or give --confirm ${name}.`
      : 'Answer the question with yes, or give --yes.',
    details: { verb: danger.verb, environment: name },
  });
}

/** @throws {PROTECTED_ENVIRONMENT} for verbs that no confirmation can allow there. */
export function assertNotProtected(config: ResolvedConfig, verb: string): void {
  if (!config.environment.protected) return;
  throw new LockkeeperError('PROTECTED_ENVIRONMENT', {
    message: `"${verb}" is refused in the protected environment "${config.environment.name}".`,
    hint: 'It removes data. Undo single migrations with `down`, or set protected: false for the environment if it really is not.',
    details: { verb, environment: config.environment.name },
  });
}
