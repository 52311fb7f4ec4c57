import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Command } from 'commander';
import { useConfigFile } from '../../src/cli/config/configOption.js';
import { runCommandLine } from './runCommandLine.js';
import { serveOptions } from '../../src/cli/serveCommand.js';
import { temporaryDirectory } from './temporaryDirectory.js';

type Directory = ReturnType<typeof temporaryDirectory>;

describe('a configuration file', () => {
  let directory: Directory;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'tailnet.yaml');
  });
  afterEach(() => directory[Symbol.dispose]());

  /** What `serve` makes of the file, with these words behind it. */
  const optionsOf = async (text: string, ...words: readonly string[]): Promise<Record<string, unknown>> => {
    writeFileSync(file, text);
    const command = serveOptions(new Command('serve')).action(async () => {
      await useConfigFile(command);
    });
    await command.parseAsync(['--config', file, ...words], { from: 'user' });
    return command.opts();
  };

  it('has the options by their names, in YAML', async () => {
    const options = await optionsOf(
      [
        '# A comment.',
        'port: 7400',
        'max-tunnels: 500',
        'v1: false',
        'allow-unauthenticated: true',
        'base-path: /mesh',
        'allowed-origins:',
        '  - https://a.example',
        '  - http://localhost:*',
        'grpc-port: none',
      ].join('\n'),
    );
    expect(options).to.deep.include({
      ...{ port: 7400, maxTunnels: 500, v1: false, allowUnauthenticated: true, basePath: '/mesh', grpcPort: 'none' },
      allowedOrigins: ['https://a.example', 'http://localhost:*'],
      // What is not said is as it would be without a file.
      ...{ host: '127.0.0.1', logLevel: 'info' },
    });
  });

  it('may be JSON, or empty', async () => {
    expect(await optionsOf('{"port": 7400, "trusted-proxies": ["loopback"]}')).to.deep.include({
      ...{ port: 7400, trustedProxies: ['loopback'] },
    });
    expect(await optionsOf('# Nothing yet.\n')).to.include({ port: 7350 });
  });

  it('gives way to the command line, and to the environment', async () => {
    expect(await optionsOf('port: 1\nlog-level: debug', '--port', '2')).to.include({ port: 2, logLevel: 'debug' });
    process.env['TAILNET_PORT'] = '3';
    try {
      expect(await optionsOf('port: 1\nmax-tunnels: 5')).to.include({ port: 3, maxTunnels: 5 });
      writeFileSync(file, 'port: 1\nmax-tunnels: 5');
      expect(await run('config', 'check', file)).to.deep.equal({
        ...{ code: 0, err: '', out: `${file}: right, 2 options\nport does not count: TAILNET_PORT does\n` },
      });
    } finally {
      delete process.env['TAILNET_PORT'];
    }
  });

  it('gives way to a switch that is off in the environment, and to a key that is there', async () => {
    writeFileSync(file, 'host: 0.0.0.0\nallow-unauthenticated: true\nv1: false\ngrpc-port: none');
    process.env['TAILNET_ALLOW_UNAUTHENTICATED'] = 'false';
    try {
      expect((await run('config', 'check', file)).err).to.contain('error: --auth none lets everybody in');
      delete process.env['TAILNET_ALLOW_UNAUTHENTICATED'];
      process.env['TAILNET_NO_V1'] = 'off';
      expect((await run('config', 'check', file)).out).to.contain('v1 does not count: TAILNET_NO_V1 does');
    } finally {
      delete process.env['TAILNET_ALLOW_UNAUTHENTICATED'];
      delete process.env['TAILNET_NO_V1'];
    }
    writeFileSync(file, 'auth: jwt\njwt-secret-file: /nowhere');
    process.env['TAILNET_JWT_SECRET'] = 's'.repeat(32);
    try {
      expect(await run('config', 'check', file)).to.include({ code: 0, err: '' });
    } finally {
      delete process.env['TAILNET_JWT_SECRET'];
    }
  });

  it('has values as they stand there', async () => {
    const options = await optionsOf(
      'jwt-audience: 1.10\njwt-issuer: 0123\njwt-secret: 12345678901234567890123456789012345',
    );
    expect(options).to.deep.include({ jwtAudience: ['1.10'], jwtIssuer: ['0123'] });
    expect(options).to.include({ jwtSecret: '12345678901234567890123456789012345' });
  });

  const run = async (...words: readonly string[]) => {
    const said = { out: '', err: '' };
    const code = await runCommandLine(words, {
      out: (text) => (said.out += text),
      error: (text) => (said.err += text),
    });
    return { code, ...said };
  };

  for (const [what, text, error] of [
    ['an option that does not exist', 'max-tunels: 5', 'there is no option "max-tunels"; there is max-tunnels'],
    ['an option in another spelling', 'maxTunnels: 5', 'there is no option "maxTunnels"; there is max-tunnels'],
    ['nothing like an option', 'colour: red', 'there is no option "colour"; serve --help lists all'],
    ['a file in a file', 'config: other.yaml', 'there is no option "config"; serve --help lists all'],
    [
      'a value that is none',
      'max-tunnels: many',
      'max-tunnels: got "many". It is a whole number from 1 to 2147483647.',
    ],
    [
      'a value that is not among those there are',
      'log-level: loud',
      'log-level: it is one of trace, debug, info, warn, error, fatal, silent, got "loud"',
    ],
    ['a number for a switch', 'v1: 5', 'v1: it is true or false'],
    ['a switch for a number', 'port: true', 'port: got "true". It is a whole number from 0 to 65535.'],
    ['a negation', 'no-v1: true', 'there is no option "no-v1"; say v1: false'],
    ['a tag', 'jwt-secret: !secret', 'line 1: a value that begins with "!" needs quotes'],
    ['names within names', 'port: { http: 1 }', 'port: it is a value, or a list of values'],
    ['nothing for a value', 'port:', 'port: it has no value; leave the line out, or give one'],
    ['several for one', 'data-dir: [a, b]', 'data-dir: it is one value, not a list'],
    ['a list', '- port', 'it is not "name: value" lines'],
    ['the same name twice', 'port: 1\nport: 2', 'Map keys must be unique at line 2, column 1'],
    ['an alias', 'port: &a 1\nmax-tunnels: *a', 'Alias resolution is disabled'],
  ] as const) {
    it(`is refused with ${what}, with one line and exit code 2`, async () => {
      writeFileSync(file, text);
      for (const words of [
        ['config', 'check', file],
        ['serve', '--config', file],
      ]) {
        expect(await run(...words)).to.deep.equal({ code: 2, out: '', err: `error: ${file}: ${error}\n` });
      }
    });
  }

  it('is refused with a line for each mistake', async () => {
    writeFileSync(file, 'max-tunels: 5\nport: http\nhost: 127.0.0.1\nprot: 1\nbase-path:');
    expect(await run('config', 'check', file)).to.deep.equal({
      code: 2,
      out: '',
      err: [
        `error: ${file}: there is no option "max-tunels"; there is max-tunnels\n`,
        `error: ${file}: port: got "http". It is a whole number from 0 to 65535.\n`,
        `error: ${file}: there is no option "prot"; there is port\n`,
        `error: ${file}: base-path: it has no value; leave the line out, or give one\n`,
      ].join(''),
    });
  });

  it('is checked as a whole, with the files that it names', async () => {
    writeFileSync(file, 'auth: jwt\njwt-key-file: /nowhere');
    const { code, err } = await run('config', 'check', file);
    expect([code, err]).to.deep.equal([
      2,
      `error: option '--jwt-key-file': cannot use the keys in /nowhere: ENOENT: no such file or directory, open '/nowhere'\n`,
    ]);
    writeFileSync(file, 'jwt-key-file: /nowhere');
    expect((await run('config', 'check', file)).err).to.equal('error: --jwt-key-file is of use with --auth jwt only\n');
  });

  it('must be there', async () => {
    expect(await run('serve', '--config', file)).to.deep.equal({
      ...{
        code: 2,
        out: '',
        err: `error: cannot read a file of options: ENOENT: no such file or directory, open '${file}'\n`,
      },
    });
  });
});
