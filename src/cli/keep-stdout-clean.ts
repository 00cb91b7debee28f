/** How Node opens standard output: a property that is read when somebody first asks for it. */
const own = Object.getOwnPropertyDescriptor(process, 'stdout');

/** The real standard output, also while everybody else is given stderr for it. */
export const ownStdout = (): NodeJS.WriteStream => own?.get?.call(process) ?? process.stdout;

/**
 * Gives stderr to whoever asks for stdout: a program reads the answer there, and a `console.log` in a migration or a
 * configuration file would make it unreadable. Nothing is opened until something is printed. Returns the way back.
 */
export function keepStdoutClean(): () => void {
  if (own?.configurable !== true) return () => undefined;
  Object.defineProperty(process, 'stdout', { ...own, get: () => process.stderr });
  return () => void Object.defineProperty(process, 'stdout', own);
}
