import { expect } from 'chai';
import ts from 'typescript';
import { migratedDatabase, testDatabase } from '../support/testDatabase.js';
import { documents, fencesOf, root, textOf, type Fence } from './markdown.js';
import { runNode } from './runNode.js';

/**
 * How blocks of TypeScript are marked: `run` (in a process of its own; if a block marked `output` follows, that is what
 * it prints), `no-run`, or `from` and a file that has it word for word. All but the last are compiled, each as a module of
 * its own in the root of the project, where the package's own name leads to what was built.
 */
const blocks = documents.flatMap((file) => {
  const fences = fencesOf(file);
  return fences.flatMap((fence, index) => {
    if (fence.language !== 'ts') return [];
    const next = fences[index + 1];
    return [{ fence, output: next?.marks.includes('output') === true ? next.text : undefined }];
  });
});
const isQuoted = ({ marks }: Fence): boolean => marks[0] === 'from' && marks.length === 2;
const snippets = blocks.filter(({ fence }) => !isQuoted(fence));

/** What mocha would do with the tests of a snippet, in as few words as possible. */
const asIfInMocha = `
const tests = [];
globalThis.it = (name, body) => tests.push({ name, body });
globalThis.describe = (name, body) => body();
process.once('beforeExit', async () => {
  // A test that waits for what never comes lets the process end.
  process.exitCode = 13;
  for (const { name, body } of tests) {
    await body();
    console.log('✔ ' + name);
  }
  process.exitCode = 0;
});
`;

const fileOf = ({ place }: Fence): string => `${root}${place.replaceAll(/[^\w.]/g, '-')}.ts`;

/** What the compiler has to say about all snippets together, in the places of the documents. */
const complaints = (): readonly string[] => {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, (file) => ts.sys.readFile(file)) as {
    readonly config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const byFile = new Map(snippets.map(({ fence }) => [fileOf(fence), fence]));
  const files = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...files,
    fileExists: (file) => byFile.has(file) || files.fileExists(file),
    readFile: (file) => byFile.get(file)?.text ?? files.readFile(file),
    getSourceFile: (file, languageVersion, ...rest) => {
      const fence = byFile.get(file);
      if (fence === undefined) return files.getSourceFile(file, languageVersion, ...rest);
      return ts.createSourceFile(file, fence.text, languageVersion, true);
    },
  };
  // Whoever copies a snippet goes on with it.
  const program = ts.createProgram([...byFile.keys()], { ...options, noUnusedLocals: false }, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const fence = byFile.get(file?.fileName ?? '');
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + (fence?.line ?? 1);
    const where = fence?.place.replace(/:\d+$/, `:${line}`) ?? file?.fileName ?? 'the compiler';
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
};

const compiled = ({ text }: Fence): string =>
  ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  }).outputText;

describe('the snippets of the documentation', () => {
  it('are marked, so that nobody forgets to run one', () => {
    const unmarked = snippets.filter(({ fence: { marks } }) => !['run', 'no-run'].includes(marks.join(' ')));
    expect(unmarked.map(({ fence }) => fence.place)).to.deep.equal([]);
    expect(snippets).not.to.be.empty;
  });

  for (const { fence } of blocks.filter((block) => isQuoted(block.fence))) {
    const [, file = ''] = fence.marks;
    it(`say what is in ${file}: ${fence.place}`, () => {
      expect(textOf(file)).to.contain(fence.text);
    });
  }

  it('compile under the strictest options', () => {
    expect(complaints()).to.deep.equal([]);
  }).timeout(120_000);

  for (const { fence, output } of snippets) {
    if (!fence.marks.includes('run')) continue;
    it(`run and print what they say: ${fence.place}`, async () => {
      // Some migrate an empty database, the others expect the tables.
      const usesDatabase = fence.text.includes('DATABASE_URL');
      const make = fence.text.includes('migrate(') ? testDatabase : migratedDatabase;
      await using database = usesDatabase ? await make() : undefined;
      const printed = await runNode(['--input-type=module', '-'], {
        input: asIfInMocha + compiled(fence),
        env: database === undefined ? {} : { DATABASE_URL: database.url },
      });
      if (output !== undefined) expect(printed).to.equal(output);
    });
  }
});
