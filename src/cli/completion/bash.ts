import type { Command, Flag } from '../command.js';
import { flagsOf } from '../usage.js';
import { allFlags, argumentWords, offered, spellings } from './words.js';

/** A completion script for bash 3.2 and newer. */
export function bashScript(commands: readonly Command[]): string {
  const flags = allFlags(commands).filter((flag) => flag.type !== 'boolean');
  const withWords = flags.filter((flag) => offered(flag).length > 0);
  const plain = flags.filter((flag) => offered(flag).length === 0 && flag.complete === undefined);
  return `# lockkeeper completion for bash. Add it to ~/.bashrc:  source <(lockkeeper completion bash)
_lockkeeper() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="" word index
  COMPREPLY=()
  case "$previous" in
${withWords.map((flag) => `    ${pattern(flag)}) COMPREPLY=($(compgen -W "${offered(flag).join(' ')}" -- "$current")); return ;;`).join('\n')}
${pathCase(flags, 'file', '-f')}
${pathCase(flags, 'directory', '-d')}
    ${plain.flatMap(spellings).join('|')}) return ;;
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${flags.flatMap(spellings).join('|')}) ((index++)) ;;
      -*) ;;
      *) verb="$word"; break ;;
    esac
  done
  local words=""
  case "$verb" in
    "") words="${[...commands.map((command) => command.name), ...flagsOf(undefined).flatMap(spellings)].join(' ')}" ;;
${commands.map((command) => `    ${command.name}) words="${wordsOf(command, commands).join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _lockkeeper lockkeeper lk
`;
}

function wordsOf(command: Command, commands: readonly Command[]): readonly string[] {
  return [...argumentWords(command, commands), ...flagsOf(command).flatMap(spellings)];
}

function pattern(flag: Flag): string {
  return spellings(flag).join('|');
}

function pathCase(flags: readonly Flag[], kind: 'file' | 'directory', option: string): string {
  const names = flags.filter((flag) => flag.complete === kind).flatMap(spellings);
  // Filenames as they are: without this, bash 4 and newer would not quote spaces nor add slashes.
  const asFiles = '{ type compopt && compopt -o filenames; } >/dev/null 2>&1';
  return `    ${names.join('|')}) ${asFiles}; local IFS=$'\\n'; COMPREPLY=($(compgen ${option} -- "$current")); return ;;`;
}
