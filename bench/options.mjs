// What the command line of the bench accepts.
import { parseArgs } from 'node:util';

export const usage = `usage: npm run bench -- [options]

  --quick              small sizes, few rounds, no rivals: under four minutes
  --rows a,b           only the scenarios whose name contains one of these (--list shows the names)
  --rounds n           the same number of rounds everywhere
  --sizes a,b          some of 10,100,1000,5000 (default: all; with --quick without 5000)
  --rivals a,b         only the rivals whose name contains one of these (with --quick: switches them on; 'all' for all)
  --no-rivals          without the rivals
  --rivals-5000        the rivals also run 5,000 migrations
  --postgres x         a major under /usr/lib/postgresql, a folder of programs, or 'embedded'
  --private-fs         the cluster gets an ext4 file system of its own in an image file (root, Linux), for machines where
                       other programs create and delete many files
  --date yyyy-mm-dd    the date in the report (default: today)
  --out file           where the report goes (default: bench/RESULTS.md, and only after a complete run)
  --json file          every single measurement, one JSON document
  --keep               leave the temporary folder behind
  --list               print the names of the scenarios
`;

/** The sizes that the promised table speaks of. */
const allSizes = [10, 100, 1000, 5000];

const list = (text) =>
  text
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      sizes: { type: 'string' },
      rivals: { type: 'string' },
      'no-rivals': { type: 'boolean', default: false },
      'rivals-5000': { type: 'boolean', default: false },
      postgres: { type: 'string' },
      'private-fs': { type: 'boolean', default: false },
      date: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const sizes = list(values.sizes)?.map(Number) ?? (values.quick ? allSizes.slice(0, 3) : allSizes);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1))
    throw new Error('--sizes takes whole numbers.');
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && (!Number.isInteger(rounds) || rounds < 1))
    throw new Error('--rounds takes a whole number.');
  return {
    ...values,
    sizes,
    rounds,
    rows: list(values.rows) ?? null,
    rivals: values['no-rivals'] ? [] : chosenRivals(list(values.rivals), values.quick),
    rivals5000: values['rivals-5000'],
    date: values.date ?? new Date().toISOString().slice(0, 10),
    /** Only such a run may replace the report that is checked in. */
    complete: !(
      values.quick ||
      values.rows ||
      values.sizes ||
      values.rivals ||
      values['no-rivals'] ||
      rounds
    ),
  };
}

/** null stands for every rival. */
function chosenRivals(named, quick) {
  if (named === undefined) return quick ? [] : null;
  return named.includes('all') ? null : named;
}
