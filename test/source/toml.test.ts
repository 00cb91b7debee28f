import { describe, expect, it } from 'vitest';
import { parseToml } from '../../src/source/toml.js';

describe('reading TOML', () => {
  it('takes tables, dotted keys, lists over lines, comments and inline tables', () => {
    const text = `id = "a" # the first
[flyway]
locations = [
  "filesystem:one", # with a comment
  'filesystem:two',
]
group = true
lockRetryCount = 1_0
placeholders = { app = "App", "odd key" = 'C:\\dir' }
[flyway.check]
a.b = -1.5
[[list]]
n = 1
[[list]]
n = 0x1F
`;
    expect(parseToml(text.replaceAll('\n', '\r\n'))).toEqual({
      id: 'a',
      flyway: {
        locations: ['filesystem:one', 'filesystem:two'],
        group: true,
        lockRetryCount: 10,
        placeholders: { app: 'App', 'odd key': 'C:\\dir' },
        check: { a: { b: -1.5 } },
      },
      list: [{ n: 1 }, { n: 31 }],
    });
  });

  it('takes texts over lines and escapes', () => {
    const text =
      'a = """\none\n"two" \\\n   three"""\nb = \'\'\'x\\n\'\'\'\nc = "\\u00e9\\t"\nd = 2024-01-02';
    expect(parseToml(text)).toEqual({ a: 'one\n"two" three', b: 'x\\n', c: 'é\t', d: '2024-01-02' });
  });

  it.each([
    ['a = ', 1],
    ['a = 1\na = 2', 2],
    ['a = 1 b = 2', 1],
    ['\n[x\n', 2],
    ['a = "x\n"', 1],
    ['a = bare', 1],
    ['a = [1 2]', 1],
    ['a = "\\q"', 1],
    ['a = 1\na.b = 2', 2],
  ])('says on which line %j is no TOML', (text, line) => {
    expect(() => parseToml(text)).toThrow(expect.objectContaining({ line }));
  });
});
