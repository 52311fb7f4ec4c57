// The reference of the API, out of the comments in src: `npm run docs:api` writes it to .api, `npm run check -- api` only
// looks whether anything is without words, or names what is not there.
import { readFileSync } from 'node:fs';
import { Converter } from 'typedoc';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The sources of everything that users can import, whatever is added. */
const entryPoints = Object.values(exports)
  .filter((entry) => typeof entry === 'object')
  .map(({ default: file }) => file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'));

/** By which name each of them is imported. */
const specifiers = new Map(
  Object.entries(exports)
    .filter(([, entry]) => typeof entry === 'object')
    .map(([path, { default: file }]) => [
      file.replace(/^\.\/dist\/(.*)\.js$/, '$1').replace(/\/index$/, ''),
      path.replace('.', 'tailnet-coordinator'),
    ]),
);

/**
 * Modules are called what users import, and not by their files.
 *
 * @param {import('typedoc').Application} application
 */
const nameModules = (application) => {
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = specifiers.get(module.name) ?? module.name;
  });
};

/** Parts of these carry no words of their own: what they mean is said at the member of the union, or the whole, they are in. */
const parts = {
  'tailnet-coordinator.BindingWrite.__type': ['kind', 'peerId', 'node'],
  'tailnet-coordinator.BusEvent.__type': ['kind', 'payload'],
  'tailnet-coordinator.WatchUpdate.__type': ['kind', 'node', 'reason'],
  'tailnet-coordinator/client.ConnectionState.__type': ['kind', 'retryIn'],
  'tailnet-coordinator/client.PeerChange.__type': ['kind', 'id', 'peer', 'reason'],
  'tailnet-coordinator/client.TransportEvent.__type': ['kind', 'response'],
  'tailnet-coordinator/gateways.KeysEvent.__type': ['kind', 'count', 'ids', 'error'],
  'tailnet-coordinator/gateways.RevocationsEvent.__type': ['kind', 'count', 'error'],
  'tailnet-coordinator/testing.Call.__type': ['method', 'args'],
  'tailnet-coordinator/proto.TailnetDefinition.__type': ['name', 'fullName', 'methods'],
  'tailnet-coordinator/proto.TailnetDefinition.__type.methods.__type.coordinate.__type': [
    ...['name', 'requestType', 'requestStream', 'responseType', 'responseStream', 'options'],
  ],
};

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  // A checkout may have no remote, or one that no link can lead to.
  disableSources: true,
  name: 'tailnet-coordinator',
  plugin: [nameModules],
  customJs: 'scripts/apiSearch.js',
  entryPoints,
  out: '.api',
  tsconfig: 'tsconfig.build.json',
  readme: 'none',
  // That is what `npm run types` is for.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },
  intentionallyNotDocumented: Object.entries(parts).flatMap(([whole, names]) =>
    names.map((name) => `${whole}.${name}`),
  ),
  // Of the generated code: `MessageFns` is exported once, and generated for each file.
  intentionallyNotExported: ['Builtin', 'src/proto/gen/google/protobuf/timestamp.ts:MessageFns'],
};
