export interface CsvForm {
  readonly separator: string;
  readonly quote: string;
  /** What a line that is no data begins with. */
  readonly comment: string;
}

/** Lines of values; a value in quotes may hold separators, line ends and doubled quotes. */
export function parseCsv(
  text: string,
  { separator, quote, comment }: CsvForm,
): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let value = '';
  let quoted = false;
  let fresh = true;
  const endRow = (): void => {
    row.push(value);
    const isEmpty = row.length === 1 && value.trim() === '';
    const isComment = comment !== '' && (row[0] ?? '').startsWith(comment);
    if (!isEmpty && !isComment) rows.push(row);
    row = [];
    value = '';
    fresh = true;
  };
  const plain = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  for (let at = 0; at < plain.length; at += 1) {
    const character = plain[at] ?? '';
    if (quoted) {
      if (character !== quote) value += character;
      else if (plain[at + 1] === quote) {
        value += quote;
        at += 1;
      } else quoted = false;
    } else if (character === quote && fresh) {
      quoted = true;
      fresh = false;
    } else if (character === separator) {
      row.push(value);
      value = '';
      fresh = true;
    } else if (character === '\n') endRow();
    else {
      value += character;
      fresh = false;
    }
  }
  if (value !== '' || row.length > 0) endRow();
  return rows;
}
