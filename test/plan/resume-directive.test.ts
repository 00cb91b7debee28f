import { describe, expect, it } from 'vitest';
import type { SqlScript } from '../../src/migration/migration.js';
import type { AloneStep } from '../../src/migration/step.js';
import { planSteps } from '../../src/plan/steps.js';
import { resumeChecks } from '../../src/plan/steps/resume-directive.js';
import { lexScript } from '../../src/sql/script.js';

const scriptOf = (text: string): SqlScript => ({
  kind: 'sql',
  text,
  statements: lexScript(text).statements,
  file: 'migrations/1.sql',
  lineOffset: 10,
});

const plan = (text: string) => planSteps(scriptOf(text), { mode: 'none', serverMajor: 18 });

/** What each step that travels alone says of a crash. */
function rules(text: string) {
  const { steps, problems } = plan(text);
  expect(problems.map(({ message }) => message)).toEqual([]);
  return steps.filter((step): step is AloneStep => step.kind === 'alone').map((step) => step.resume);
}

describe('the directive above a statement', () => {
  it('says that it may run again, or how to find out', () => {
    expect(
      rules(
        `-- resume: again\ncall p();\n-- A remark.\n  --resume-check : select true;  \n-- Another.\n call q();\ncall r();`,
      ),
    ).toEqual([{ kind: 'again' }, { kind: 'check', query: 'select true' }, null]);
  });

  it('belongs to the statement that it touches, and to no other', () => {
    expect(rules(`-- resume: again\n\ncall p();\n-- resume: again`)).toEqual([null]);
    expect(rules(`call p(); -- resume: again\ncall q();`)).toEqual([null, null]);
    expect(rules(`/*\n-- resume: again\n*/\ncall p();`)).toEqual([null]);
    expect(rules(`select '\n-- resume: again\n'; call p();`)).toEqual([null, null]);
    expect(rules(`select '\n-- resume: again\n';\ncall p();`)).toEqual([null, null]);
  });

  it('works with carriage returns', () => {
    expect(rules(`-- resume: again\r\ncall p();\r\n`)).toEqual([{ kind: 'again' }]);
  });

  it.each([
    ['-- resume: agian\ncall p();', /"agian"/],
    ['-- resume-check:\ncall p();', /\(nothing\)/],
    ['-- resume-check: delete from t\ncall p();', /is not one query/],
    ['-- resume-check: select 1; select 2\ncall p();', /is not one query/],
    [`-- resume-check: select 'x\ncall p();`, /is not one query/],
    ['-- resume: again\n-- resume-check: select true\ncall p();', /2 directives/],
  ])('is refused before anything runs where it cannot be followed: %s', (text, message) => {
    const line = text.split('\n').length + 10;
    expect(plan(text).problems).toMatchObject([
      { code: 'MIGRATION_METADATA_INVALID', location: { file: 'migrations/1.sql', line } },
    ]);
    expect(plan(text).problems[0]?.message).toMatch(message);
  });

  it('is said to do nothing above a statement in a transaction, unless it is prose', () => {
    expect(plan('-- resume: again\ncreate table t (a int);').warnings).toMatchObject([
      { code: 'directive-ignored', message: expect.stringContaining('CREATE TABLE on line 12') },
    ]);
    expect(plan('-- resume: what follows continues the work\ncreate table t (a int);').warnings).toEqual([]);
  });

  it('has the syntax of its query judged where it stands', () => {
    const [check] = resumeChecks(scriptOf('call o();\n  -- resume-check: select 1 frm t\ncall p();'));
    expect(check?.text).toBe(`${' '.repeat(9)}\n${' '.repeat(19)}select 1 frm t`);
    expect(check?.statements).toMatchObject([{ line: 2 }]);
  });
});
