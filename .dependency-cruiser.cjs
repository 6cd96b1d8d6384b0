/** Who may know whom: the table of src-server/README.md as rules. An arrow that is not allowed here is a mistake. */
const SERVER = '^src-server/';
const C = `${SERVER}coordination/`;

/** A room may import itself and these. */
const rooms = {
  [`${SERVER}base/`]: [],
  [`${SERVER}bytes/`]: [`${SERVER}base/`],
  [`${SERVER}config/`]: [`${SERVER}base/`, `${SERVER}platform/[^/]+\\.ts$`],
  [`${SERVER}platform/(?!node/)`]: [`${SERVER}base/`],
  [`${SERVER}platform/node/`]: [`${SERVER}base/`, `${SERVER}bytes/`, `${SERVER}platform/`],
  [`${C}model/`]: [`${SERVER}base/`],
  [`${C}state/`]: [`${SERVER}base/`, `${C}model/`],
  [`${C}zab/`]: [`${SERVER}base/`],
  [`${C}wire/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}config/ensemble-config\\.ts$`,
    `${C}model/`,
    `${C}zab/`,
  ],
  [`${C}journal/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${C}model/`,
    `${C}wire/`,
  ],
  [`${C}ensemble/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}config/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${C}model/`,
    `${C}wire/`,
    `${C}state/`,
    `${C}zab/`,
    `${C}journal/`,
  ],
  [`${C}serving/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}config/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${C}model/`,
    `${C}wire/`,
    `${C}state/`,
  ],
  [`${C}admin/`]: [`${SERVER}base/`, `${SERVER}platform/[^/]+\\.ts$`, `${C}model/`],
  [`${C}client/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${C}model/`,
    `${C}wire/`,
  ],
  [`${SERVER}storage/resp/`]: [
    `${SERVER}base/`,
    `${SERVER}bytes/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${SERVER}storage/ring/slots\\.ts$`,
  ],
  [`${SERVER}console/contract/`]: [],
  [`${SERVER}console/rpc/`]: [`${SERVER}console/contract/`],
  [`${SERVER}console/service/`]: [
    `${SERVER}base/`,
    `${SERVER}config/ensemble-config\\.ts$`,
    `${C}wire/views\\.ts$`,
    `${C}zab/(quorum|view)\\.ts$`,
    `${SERVER}console/contract/`,
    `${SERVER}console/rpc/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    `${C}client/`,
    `${C}journal/(journal-error|log-reader|snapshot-reader|stored-files)\\.ts$`,
    `${C}model/`,
  ],
  [`${SERVER}console/transports/`]: [
    `${SERVER}console/contract/`,
    `${SERVER}console/rpc/`,
    `${SERVER}platform/[^/]+\\.ts$`,
    'node_modules/(@types/)?ws/',
  ],
  '^src-main/preload/': ['^src-main/ipc/channels\\.ts$', 'node_modules/electron/'],
  '^src-main/': [
    `${SERVER}(announcer|command-line|host|start-members|version)\\.ts$`,
    `${SERVER}base/result\\.ts$`,
    `${SERVER}config/settings\\.ts$`,
    `${SERVER}platform/(node/)?logger\\.ts$`,
    `${SERVER}console/contract/`,
    `${SERVER}console/transports/pages\\.ts$`,
    `${SERVER}node-runtime\\.mjs$`,
    'node_modules/electron/',
  ],
  '^src-renderer/': [
    '^src-renderer/',
    `${SERVER}console/contract/`,
    `${SERVER}console/rpc/(client|port|bytes-json)\\.ts$`,
    'node_modules/',
  ],
};

/** The files outsiders may import; what else is in the room is its own business. */
const faces = {
  [`${C}state/`]: ['machine', 'paths'],
  [`${C}zab/`]: ['peer', 'events', 'effects', 'messages', 'view', 'quorum'],
  [`${C}journal/`]: ['journal', 'journal-error', 'log-reader', 'snapshot-reader', 'stored-files'],
  [`${C}ensemble/`]: [
    'standalone',
    'member',
    'membership',
    'links',
    'link-faults',
    'fault-lab',
    'election-links',
    'storage',
    'loading',
    'journal-options',
    'session-clock',
    'timeline',
  ],
  [`${C}serving/`]: ['door', 'ports', 'reads', 'stats', 'watches', 'connection'],
  [`${C}client/`]: ['client'],
  [`${SERVER}storage/resp/`]: ['door', 'ports', 'users', 'errands', 'client', 'cluster-client'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|virtual:)' },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room ${room}`,
      severity: 'error',
      from: { path: room },
      to: { pathNot: [room, ...allowed], dependencyTypesNot: ['core'] },
    })),
    {
      name: 'no-core-modules-in-pure-rooms',
      comment: 'base, bytes, model, state, wire, contract and rpc run anywhere',
      severity: 'error',
      from: {
        path: [
          `${SERVER}base/`,
          `${SERVER}bytes/`,
          `${C}(model|state|zab|wire|journal|ensemble|admin|client)/`,
          `${SERVER}console/(contract|rpc|service)/`,
        ],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'platform-node-from-entries-only',
      comment: 'everybody else is handed a platform, so that the simulator can hand in another',
      severity: 'error',
      from: {
        path: SERVER,
        pathNot: [
          `${SERVER}(cli|host|(member-|console-)?thread|start-(members|settings))\\.ts$`,
          `${SERVER}(platform/node|console/transports)/`,
        ],
      },
      to: { path: `${SERVER}platform/node/` },
    },
    ...Object.entries(faces).map(([room, names]) => ({
      name: `face of ${room}`,
      severity: 'error',
      from: { path: '^src-', pathNot: room },
      to: { path: room, pathNot: names.map((name) => `${room}${name}\\.ts$`) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
