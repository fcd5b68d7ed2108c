/**
 * Who may import whom. Dependencies point inwards: services to packages, packages to contracts.
 * test/boundaries.test.ts breaks each rule once.
 */

/** Tests and what only tests use may import more. */
const tests = '(\\.test\\.ts$|/testing/)';

/** Each package, and the other packages that it may import. */
const packages = {
  contracts: [],
  telemetry: [],
  domain: ['contracts'],
  database: ['contracts', 'domain'],
  lanes: ['contracts', 'telemetry'],
  events: ['contracts', 'telemetry'],
  access: ['contracts', 'telemetry'],
  client: ['contracts'],
};

const betweenPackages = Object.entries(packages).map(([name, allowed]) => ({
  name: `${name}-imports`,
  comment: `packages/${name} may import ${allowed.length === 0 ? 'no other package' : allowed.join(' and ')}.`,
  severity: 'error',
  from: { path: `^packages/${name}/`, pathNot: tests },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...betweenPackages,
    {
      name: 'package-is-listed',
      comment: 'A package that the table above does not name would be checked by nothing.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/(${Object.keys(packages).join('|')})/` },
      to: {},
    },
    {
      name: 'packages-stand-alone',
      comment: 'Packages know nothing of those who use them.',
      severity: 'error',
      from: { path: '^packages/', pathNot: tests },
      to: { path: '^(services|infra|test)/' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'Decisions are made without I/O, clock or chance: no library but JSON Patch, and of Node what only compares.',
      severity: 'error',
      from: { path: '^packages/domain/', pathNot: tests },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown', 'core'],
        pathNot: 'fast-json-patch|^(node:)?(util|assert)$',
      },
    },
    {
      name: 'client-is-light',
      comment: 'Users install it: of contracts it takes types, and no library but the NATS client.',
      severity: 'error',
      from: { path: '^packages/client/', pathNot: tests },
      to: {
        path: '(^packages/contracts/|node_modules)',
        pathNot: '@nats-io[+/]',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'services-meet-in-contracts',
      comment: 'Two services share a contract, never code of one of them.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'services-run-anywhere',
      comment: 'What starts the services is not known to them.',
      severity: 'error',
      from: { path: '^services/', pathNot: tests },
      to: { path: '^infra/' },
    },
    {
      name: 'infra-runs-services',
      comment: 'Services are started as processes of their own.',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^services/' },
    },
    {
      name: 'emulator-stands-in',
      comment: 'The emulator shares no code with what it is there to test.',
      severity: 'error',
      from: { path: '^infra/altinn-emulator/', pathNot: tests },
      to: { path: '^(packages|infra)/', pathNot: '^(packages/telemetry|infra/altinn-emulator)/' },
    },
    {
      name: 'nothing-needs-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'tests-stay-out',
      comment: 'What runs does not import what tests.',
      severity: 'error',
      from: { path: '^(packages|services|infra)/', pathNot: `${tests}|^infra/local/src/testing` },
      to: { path: `${tests}|^infra/local/src/testing` },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that is not found is an import that is not checked.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)\\.data/' },
    // Types count too: they are how one module comes to depend on another's shape.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
