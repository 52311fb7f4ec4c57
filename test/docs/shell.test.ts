import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { runCommandLine } from '../cli/runCommandLine.js';
import { documents, fencesOf, root, textOf } from './markdown.js';

interface Line {
  readonly place: string;
  readonly command: string;
}

/** Lines of shell blocks; what goes on after a backslash is one line. Comments and environment variables are left out. */
const lines: readonly Line[] = documents.flatMap((file) =>
  fencesOf(file)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ place, text }) =>
      text
        .replaceAll('\\\n', ' ')
        .split('\n')
        .flatMap((line) => line.split(/ && /))
        .map((line) =>
          line
            .replace(/(^| )#.*$/, '')
            .replace(/^(\w+=\S+ +)+/, '')
            .trim(),
        )
        .filter((line) => line !== '')
        .map((command) => ({ place, command })),
    ),
);

/** What the reader has, or can get. */
const programs = ['curl', 'git', 'node', 'npx', 'psql', 'pg_dump', 'pg_restore', 'createdb', 'touch', 'openssl'];

const scripts = Object.keys((JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts);

const helpOf = async (command: string): Promise<string> => {
  let help = '';
  const output = { out: (text: string) => (help += text), error: (text: string) => (help += text) };
  expect(await runCommandLine([command, '--help'], output), `${command} is a command`).to.equal(0);
  return help;
};

/** How the command line is called in the documentation. */
const commandLine = /^(?:npx tailnet-coordinator|node dist\/cli\/main\.js|tailnet-coordinator) +(\w+)(.*)$/;

describe('the shell commands of the documentation', () => {
  it('are there', () => {
    expect(lines).not.to.be.empty;
  });

  for (const { place, command } of lines) {
    const [, name, rest = ''] = commandLine.exec(command) ?? [];
    if (name !== undefined) {
      it(`give only options that exist: ${place}, ${command}`, async () => {
        const help = await helpOf(name);
        for (const [option] of rest.matchAll(/--[\w-]+/g)) expect(help).to.contain(` ${option} `);
      });
    } else if (command.startsWith('npm ')) {
      it(`run only scripts that exist: ${place}, ${command}`, () => {
        const script = /^npm (?:run (?:--silent )?)?([\w:-]+)/.exec(command)?.[1] ?? '';
        expect([...scripts, 'ci', 'install', 'pack']).to.include(script);
      });
    } else {
      it(`start programs that the reader has: ${place}, ${command}`, () => {
        const [program = '', ...words] = command.split(' ');
        expect([...programs, ...['cd', 'export', 'kill']]).to.include(program);
        for (const word of words.filter((one) => /^(src|test|examples|scripts)\//.test(one) && !one.includes('*'))) {
          expect(existsSync(root + word), word).to.equal(true);
        }
      });
    }
  }
});
