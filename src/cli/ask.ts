import { Writable } from 'node:stream';
import type { Question } from '../app/lockkeeper.js';
import { LockkeeperError } from '../core/errors.js';
import type { Host, Output } from './host.js';
import type { Look } from './look.js';
import { oneLine, safe } from './render/text.js';
import type { Talk } from './talk.js';

const mostPlanned = 20;
const colours = /\p{Cc}\[[\d;]*m/gu;

export interface AskOptions {
  readonly host: Pick<Host, 'stdin' | 'stderr'>;
  readonly talk: Talk;
  readonly look: Look;
  readonly signal: AbortSignal;
}

/** How a person is asked; undefined where nobody sits at the terminal, so that the verb refuses instead of waiting. */
export function createAsk(options: AskOptions): ((question: Question) => Promise<boolean>) | undefined {
  const { host } = options;
  if (host.stderr.isTTY !== true || host.stdin().isTTY !== true) return undefined;
  return (question) => ask(question, options);
}

async function ask(question: Question, { host, talk, look, signal }: AskOptions): Promise<boolean> {
  talk.end();
  const plan = renderPlan(question.plan, look);
  if (plan !== '') host.stderr.write(`${plan}\n`);
  const prompts = await import('@clack/prompts');
  const streams = { input: host.stdin(), output: outputOf(host.stderr, look), signal };
  const message = safe(question.message);
  const { typed } = question;
  const answer =
    typed === null
      ? await prompts.confirm({ ...streams, message, initialValue: false })
      : await prompts.text({
          ...streams,
          message: `${message} Type ${oneLine(typed)} to go on:`,
          validate: (value) =>
            value === typed || value === '' || value === undefined
              ? undefined
              : `Type ${oneLine(typed)}, or press Enter to leave.`,
        });
  if (prompts.isCancel(answer)) {
    const message = `The question about ${question.verb} was left without an answer. Nothing was changed.`;
    throw new LockkeeperError('INTERRUPTED', { message });
  }
  return typed === null ? answer === true : answer === typed;
}

/** Where the prompts write. They colour in any case, so colours are taken out again where there are to be none. */
function outputOf(stderr: Output, look: Look): Writable {
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    const text = chunk.toString();
    stderr.write(look.colour ? text : text.replaceAll(colours, ''));
    done();
  };
  // A terminal that was never told its size says 0.
  const columns = stderr.columns === undefined || stderr.columns === 0 ? 80 : stderr.columns;
  return Object.assign(new Writable({ write }), { isTTY: true, columns, rows: 24 });
}

function renderPlan(plan: readonly string[], look: Look): string {
  const shown = look.verbose ? plan : plan.slice(0, mostPlanned);
  const rest = plan.length - shown.length;
  return [
    ...shown.map((line) => `  ${look.style.yellow('-')} ${oneLine(line)}`),
    ...(rest > 0 ? [look.style.dim(`  ${look.symbol.ellipsis} ${rest} more`)] : []),
  ].join('\n');
}
