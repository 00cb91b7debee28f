import type { Command, Flag } from '../command.js';
import { flagsOf } from '../usage.js';
import { argumentWords, offered } from './words.js';

/** A completion script for zsh; it works from the functions path and when it is sourced. */
export function zshScript(commands: readonly Command[]): string {
  return `#compdef lockkeeper lk
# lockkeeper completion for zsh. Save it as _lockkeeper in a folder of your $fpath.
_lockkeeper() {
  local -a verbs
  verbs=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  local verb="" index
  for ((index = 2; index < CURRENT; index++)); do
    case "\${words[index]}" in
      -*) ;;
      *) if (( \${\${(@j:|:)verbs%%:*}[(I)\${words[index]}]} )); then verb="\${words[index]}"; break; fi ;;
    esac
  done
  case "$verb" in
${commands.map((command) => renderCase(command, commands)).join('\n')}
    *)
      _arguments -S \\
${flagsOf(undefined).map(specification).join('\n')}
        '1: :{_describe verb verbs}'
      ;;
  esac
}
if [ "\${funcstack[1]}" = "_lockkeeper" ]; then _lockkeeper "$@"; else compdef _lockkeeper lockkeeper lk; fi
`;
}

function renderCase(command: Command, commands: readonly Command[]): string {
  const words = argumentWords(command, commands);
  const argument =
    words.length === 0 ? '' : ` '2:${command.arguments[0]?.name ?? 'argument'}:(${words.join(' ')})'`;
  return `    ${command.name})
      _arguments -S \\
${flagsOf(command).map(specification).join('\n')}
        '1: :'${argument}
      ;;`;
}

/** One flag as _arguments reads it: \`'(-q --quiet)'{-q,--quiet}'[summary]'\`. */
function specification(flag: Flag): string {
  const summary = `[${escaped(flag.summary)}]${valueOf(flag)}`;
  const repeat = flag.type === 'list' ? '*' : '';
  const equals = flag.type === 'boolean' ? '' : '=';
  if (flag.short === undefined) return `        ${quote(`${repeat}--${flag.name}${equals}${summary}`)} \\`;
  const plus = flag.type === 'boolean' ? '' : '+';
  const both = `{-${flag.short}${plus},--${flag.name}${equals}}`;
  return `        ${quote(`(-${flag.short} --${flag.name})`)}${both}${quote(summary)} \\`;
}

function valueOf(flag: Flag): string {
  if (flag.type === 'boolean') return '';
  const name = escaped(flag.value ?? 'value');
  if (flag.complete !== undefined) return `:${name}:${flag.complete === 'file' ? '_files' : '_files -/'}`;
  const words = offered(flag);
  return words.length === 0 ? `:${name}: ` : `:${name}:(${words.join(' ')})`;
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:]/g, (character) => `\\${character}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
