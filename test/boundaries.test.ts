import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = path.join(import.meta.dirname, '..');
const folders = ['packages', 'services', 'infra', 'test'];

const report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    totalDependenciesCruised: z.number(),
    violations: z.array(z.object({ rule: z.object({ name: z.string() }), from: z.string(), to: z.string() })),
  }),
});

/** Runs the checker as `npm run check` does, in any folder that is laid out like this one. */
async function cruise(folder: string): Promise<z.infer<typeof report>['summary']> {
  const checker = path.join(root, 'node_modules/.bin/depcruise');
  const args = ['--config', path.join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', ...folders];
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(checker, args, options);
  return report.parse(JSON.parse(stdout)).summary;
}

/** [the rule that must complain, the importing file, what it imports] */
const forbidden: [string, string, string][] = [
  ['contracts-imports', 'packages/contracts/src/a.ts', '@dialog/domain/decide'],
  ['telemetry-imports', 'packages/telemetry/src/a.ts', '@dialog/contracts/commands'],
  ['domain-imports', 'packages/domain/src/a.ts', '@dialog/database/tables'],
  ['domain-imports', 'packages/domain/src/b.ts', '../../telemetry/src/logger.ts'],
  ['domain-is-pure', 'packages/domain/src/c.ts', 'node:crypto'],
  ['domain-is-pure', 'packages/domain/src/d.ts', 'pg'],
  ['database-imports', 'packages/database/src/a.ts', '@dialog/lanes/submit'],
  ['lanes-imports', 'packages/lanes/src/a.ts', '@dialog/domain/decide'],
  ['events-imports', 'packages/events/src/a.ts', '@dialog/database/tables'],
  ['access-imports', 'packages/access/src/a.ts', '@dialog/events/subjects'],
  ['client-imports', 'packages/client/src/a.ts', '@dialog/events/subjects'],
  ['client-is-light', 'packages/client/src/b.ts', '@dialog/contracts/commands'],
  ['client-is-light', 'packages/client/src/c.ts', 'pg'],
  ['package-is-listed', 'packages/unlisted/src/a.ts', 'pg'],
  ['packages-stand-alone', 'packages/lanes/src/b.ts', '../../../services/gateway/src/main.ts'],
  ['packages-stand-alone', 'packages/lanes/src/c.ts', '@dialog/local/testing'],
  ['services-meet-in-contracts', 'services/gateway/src/a.ts', '../../dialog-worker/src/main.ts'],
  ['services-run-anywhere', 'services/gateway/src/b.ts', '@dialog/local/ports'],
  ['infra-runs-services', 'infra/local/src/a.ts', '../../../services/gateway/src/main.ts'],
  ['emulator-stands-in', 'infra/altinn-emulator/src/a.ts', '@dialog/contracts/commands'],
  ['nothing-needs-tests', 'packages/lanes/src/d.test.ts', '../../../test/fixture.ts'],
  ['tests-stay-out', 'packages/lanes/src/e.ts', './testing/fixture.ts'],
  ['resolvable', 'services/gateway/src/c.ts', '@dialog/lanes/misspelt'],
];

const allowed: [string, string][] = [
  ['packages/domain/src/decide.ts', '@dialog/contracts/commands'],
  ['packages/domain/src/e.ts', 'fast-json-patch'],
  ['packages/database/src/tables.ts', '@dialog/domain/decide'],
  ['packages/lanes/src/submit.ts', '@dialog/telemetry/logger'],
  ['packages/lanes/src/submit.int.test.ts', '@dialog/local/testing'],
  ['packages/lanes/src/testing/fixture.ts', '@dialog/local/testing'],
  ['services/gateway/src/main.ts', '@dialog/lanes/submit'],
  ['services/visibility-worker/src/main.ts', '@dialog/lanes/submit'],
  ['infra/altinn-emulator/src/main.ts', '@dialog/telemetry/logger'],
  ['test/e2e/write.test.ts', '@dialog/local/testing'],
];

/** Files that others import and that import nothing. */
const leaves = [
  ...['packages/contracts/src/commands.ts', 'packages/telemetry/src/logger.ts', 'packages/events/src/subjects.ts'],
  ...[
    'services/dialog-worker/src/main.ts',
    'infra/local/src/testing.ts',
    'infra/local/src/ports.ts',
    'test/fixture.ts',
  ],
];

describe('the boundaries that npm run check watches', () => {
  let folder: string;
  let found: z.infer<typeof report>['summary']['violations'];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'boundaries-'));
    for (const file of leaves) write(file, 'export const leaf = 1;\n');
    for (const [, file, specifier] of forbidden) write(file, `export * from '${specifier}';\n`);
    for (const [file, specifier] of allowed) write(file, `export type * from '${specifier}';\n`);
    write('packages/access/src/circle.ts', "import './circle-back.ts';\n");
    write('packages/access/src/circle-back.ts', "import type {} from './circle.ts';\n");
    for (const name of ['contracts', 'telemetry', 'domain', 'database', 'lanes', 'events', 'access', 'client']) {
      linkPackage(name, `packages/${name}`);
    }
    linkPackage('local', 'infra/local');
    for (const library of ['pg', 'fast-json-patch']) {
      write(`node_modules/${library}/package.json`, JSON.stringify({ name: library, main: 'index.js' }));
      write(`node_modules/${library}/index.js`, '');
    }
    found = (await cruise(folder)).violations;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(file: string, text: string): void {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** As pnpm does, so that imports by name are resolved the way they are here. */
  function linkPackage(name: string, location: string): void {
    write(`${location}/package.json`, JSON.stringify({ name: `@dialog/${name}`, exports: { './*': './src/*.ts' } }));
    mkdirSync(path.join(folder, 'node_modules/@dialog'), { recursive: true });
    symlinkSync(path.join(folder, location), path.join(folder, 'node_modules/@dialog', name));
  }

  it.each(forbidden)('%s: %s may not import %s', (rule, file) => {
    expect(found.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
  });

  it('no-cycles: not even of types', () => {
    const cycles = found.filter(({ rule }) => rule.name === 'no-cycles');
    expect(cycles.map(({ from }) => from)).toEqual([expect.stringContaining('packages/access/src/circle')]);
  });

  it.each(allowed)('%s may import %s', (file) => {
    expect(found.filter(({ from }) => from === file)).toEqual([]);
  });

  it('are kept here, and the checker has seen the files', async () => {
    const { violations, totalCruised, totalDependenciesCruised } = await cruise(root);
    expect(violations).toEqual([]);
    // Far fewer than there are, and far more than a checker would see that cannot read TypeScript.
    expect(totalCruised).toBeGreaterThan(150);
    expect(totalDependenciesCruised).toBeGreaterThan(500);
  });
});
