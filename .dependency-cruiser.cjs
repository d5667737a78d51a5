// Generated from rooms.json: the one ordered list of rooms, floors and library homes.
const { rooms, floors, libraryHomes } = require('./rooms.json');

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const anyOf = (names) => `(${names.map(escape).join('|')})`;
const allFloors = Object.keys(floors);

const toTheRight = rooms.slice(0, -1).map((room, index) => ({
  name: `room-${room}-imports-only-to-its-left`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/${anyOf(rooms.slice(index + 1))}/` },
}));

const floorRules = allFloors.map((floor) => ({
  name: `floor-${floor}-imports-only-below`,
  severity: 'error',
  from: { path: `^src/${floor}/` },
  to: {
    path: '^(src|jobs)/',
    pathNot: `^src/${anyOf([floor, ...floors[floor]])}/`,
  },
}));

const homes = Object.entries(libraryHomes).map(([library, folders]) => ({
  name: `home-of-${library.replace(/[^a-z0-9]/gi, '-')}`,
  severity: 'error',
  from: { path: '^(src|jobs|prisma)/', pathNot: `^${anyOf(folders)}` },
  to: { path: `^node_modules/${escape(library)}/` },
}));

module.exports = {
  forbidden: [
    ...toTheRight,
    ...floorRules,
    ...homes,
    {
      name: 'rooms-do-not-know-jobs-or-doors',
      severity: 'error',
      from: { path: `^src/${anyOf(rooms)}/` },
      to: { path: '^(jobs/|src/(cli|door|demo)/|src/(main|compose|schema|server)\\.ts)' },
    },
    {
      // the suffix is the visibility: what other rooms need of a store or a resolver is handed in by compose
      name: 'stores-and-resolvers-are-private-to-their-room',
      severity: 'error',
      from: { path: `^src/${anyOf(rooms)}/` },
      to: {
        path: `^src/${anyOf(rooms)}/[^/]+\\.(store|resolver)\\.ts$`,
        pathNot: '^src/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'numeric-imports-nothing',
      severity: 'error',
      from: { path: '^src/numeric/' },
      to: { pathNot: '^src/numeric/' },
    },
    {
      name: 'prisma-client-only-in-stores-and-plant',
      severity: 'error',
      from: { path: '^(src|jobs)/', pathNot: '(\\.store\\.ts$|^src/plant/)' },
      to: { path: '^prisma/client/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|jobs)/' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^prisma/client' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
