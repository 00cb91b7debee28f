import type { Command } from '../command.js';

/** About the program itself. */
export const shell: readonly Command[] = [
  {
    name: 'completion',
    group: 'shell',
    summary: 'Print a completion script for a shell',
    arguments: [
      { name: 'shell', required: true, choices: ['bash', 'zsh', 'fish'], summary: 'bash, zsh or fish' },
    ],
    flags: [],
    examples: [
      { line: 'completion bash >> ~/.bashrc', does: 'For bash' },
      { line: 'completion fish > ~/.config/fish/completions/lockkeeper.fish', does: 'For fish' },
    ],
  },
  {
    name: 'help',
    group: 'shell',
    summary: 'Show this, or the help of a verb',
    arguments: [{ name: 'verb', required: false, summary: 'A verb' }],
    flags: [],
    examples: [
      { line: 'help', does: 'All verbs' },
      { line: 'help up', does: 'What up can do' },
    ],
  },
];
