import { describe, expect, it } from 'vitest';
import { renderCommandHelp } from '../../src/cli/help.js';
import { commands } from '../../src/cli/table.js';
import { look } from './support/reports.js';

describe('the help of a verb', () => {
  it('sets what a flag does further in than the flag where the terminal is narrow', () => {
    const [up] = commands;
    if (up === undefined) throw new TypeError('There is no verb.');
    expect(renderCommandHelp(up, 'lockkeeper', look({ width: 50 }))).toContain(
      [
        '      --lock-wait <time>',
        '          How long to wait for another run, e.g.',
        '          30s; 0 = not at all',
        '',
      ].join('\n'),
    );
  });

  it.each(['mark', 'repair'])('says that %s needs a reason', (name) => {
    const command = commands.find((each) => each.name === name);
    expect(command?.flags.find((flag) => flag.name === 'why')?.summary).toContain('always needed');
  });
});
