// The reference of the API, out of the comments in src: `npm run docs:api` writes it to .api, `npm run check -- api` only
// looks whether anything is without words, or names what is not there.
import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The sources of everything that users can import, whatever is added. */
const entryPoints = Object.values(exports)
  .filter((entry) => typeof entry === 'object')
  .map(({ default: file }) => file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'));

/** Parts of these carry no words of their own: what they mean is said at the member of the union, or the whole, they are in. */
const parts = {
  'index.BindingWrite.__type': ['kind', 'peerId', 'node'],
  'index.BusEvent.__type': ['kind', 'payload'],
  'index.WatchUpdate.__type': ['kind', 'node', 'reason'],
  'client.ConnectionState.__type': ['kind', 'retryIn'],
  'client.PeerChange.__type': ['kind', 'id', 'peer', 'reason'],
  'client.TransportEvent.__type': ['kind', 'response'],
  'gateways.KeysEvent.__type': ['kind', 'count', 'ids', 'error'],
  'gateways.RevocationsEvent.__type': ['kind', 'count', 'error'],
  'testing.Call.__type': ['method', 'args'],
  'proto.TailnetDefinition.__type': ['name', 'fullName', 'methods'],
  'proto.TailnetDefinition.__type.methods.__type.coordinate.__type': [
    ...['name', 'requestType', 'requestStream', 'responseType', 'responseStream', 'options'],
  ],
};

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  // A checkout may have no remote, or one that no link can lead to.
  disableSources: true,
  name: 'tailnet-coordinator',
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
