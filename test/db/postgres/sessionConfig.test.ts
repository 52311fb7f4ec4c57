import { expect } from 'chai';
import { sessionConfig } from '../../../src/db/postgres/sessionConfig.js';

const defaults = { applicationName: 'tests', statementTimeout: 5000, connectionTimeout: 4000 };

describe('sessionConfig', () => {
  let pgOptions: string | undefined;
  beforeEach(() => {
    pgOptions = process.env['PGOPTIONS'];
    delete process.env['PGOPTIONS'];
  });
  afterEach(() => {
    if (pgOptions !== undefined) process.env['PGOPTIONS'] = pgOptions;
    else delete process.env['PGOPTIONS'];
  });

  it('adds what the statements rely on', () => {
    const config = sessionConfig('postgres://alice:secret@localhost/net', defaults);
    expect(config).to.deep.include({
      connectionString: 'postgres://alice:secret@localhost/net',
      keepAlive: true,
      application_name: 'tests',
      connectionTimeoutMillis: 4000,
      statement_timeout: 5000,
      query_timeout: 5500,
    });
    expect(config.options).to.match(/-c TimeZone=UTC$/);
  });

  it('lets the configuration win', () => {
    const given = { host: 'localhost', max: 3, statement_timeout: 700, application_name: 'mine', keepAlive: false };
    expect(sessionConfig(given, defaults)).to.deep.include({ ...given, query_timeout: 1200 });
  });

  it('lets nobody ask for a pipeline, in which prepared queries could not run', () => {
    expect(sessionConfig({ host: 'localhost', pipeline: true }, defaults)).to.include({ pipeline: false });
  });

  it('lets the URL win', () => {
    const config = sessionConfig('postgres://localhost/net?statement_timeout=900&query_timeout=950&ssl=0', defaults);
    expect(config).to.deep.include({
      connectionString: 'postgres://localhost/net?ssl=0',
      statement_timeout: 900,
      query_timeout: 950,
    });
  });

  it('reads a URL without a host, too', () => {
    const config = sessionConfig('postgres://alice@/net?host=/run&options=-c%20search_path%3Dmesh', defaults);
    expect(config).to.include({ connectionString: 'postgres://alice@/net?host=%2Frun', options: combined });
  });

  it('reads the URL of a socket, too', () => {
    const config = sessionConfig('socket:/run?db=net&options=-c%20search_path%3Dmesh', defaults);
    expect(config).to.include({ connectionString: 'socket:/run?db=net', options: combined });
  });

  it('lets statements take for ever if the configuration says so', () => {
    const config = sessionConfig({ statement_timeout: false }, defaults);
    expect(config.statement_timeout).to.equal(false);
    expect(config.query_timeout).to.equal(undefined);
  });

  const combined = '-c enable_seqscan=off -c jit=off -c search_path=mesh -c TimeZone=UTC';

  it('combines the options of the URL, of the configuration and of the environment with its own', () => {
    const url = 'postgres://localhost/net?options=-c%20search_path%3Dmesh';
    expect(sessionConfig(url, defaults).options).to.equal(combined);
    expect(sessionConfig({ options: '-c search_path=mesh' }, defaults).options).to.equal(combined);
    process.env['PGOPTIONS'] = '-c search_path=mesh';
    expect(sessionConfig({}, defaults).options).to.equal(combined);
  });

  it('leaves what is not a URL to pg', () => {
    expect(sessionConfig('/run/postgresql net', defaults).connectionString).to.equal('/run/postgresql net');
  });
});
