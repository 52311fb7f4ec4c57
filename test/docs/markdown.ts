import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document. */
export interface Fence {
  /** Where it begins, as `README.md:42`. */
  readonly place: string;
  /** The line of the document that its first line of text is on, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `run`, `no-run`, `output`. */
  readonly marks: readonly string[];
  readonly text: string;
}

/** The paths of all documents. */
export const documents: readonly string[] = [
  ...readdirSync(root),
  ...['docs', 'examples'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  ),
]
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.md'))
  .sort();

/** The text of a file of the project, with plain line ends. */
export const textOf = (file: string): string => readFileSync(root + file, 'utf8').replaceAll('\r\n', '\n');

/** The fenced blocks of a document, in order. */
export const fencesOf = (file: string): readonly Fence[] => {
  const fences: Fence[] = [];
  let open: { readonly line: number; readonly info: string; readonly lines: string[] } | undefined;
  textOf(file)
    .split('\n')
    .forEach((text, index) => {
      if (open === undefined) {
        if (text.startsWith('```')) open = { line: index + 2, info: text.slice(3).trim(), lines: [] };
      } else if (text === '```') {
        const [language = '', ...marks] = open.info.split(' ');
        const { line, lines } = open;
        fences.push({ place: `${file}:${line}`, line, language, marks, text: lines.map((one) => `${one}\n`).join('') });
        open = undefined;
      } else {
        open.lines.push(text);
      }
    });
  if (open !== undefined) throw new Error(`${file}:${open.line - 1}: a fence that is never closed`);
  return fences;
};

/** A document without its fenced blocks. */
export const proseOf = (file: string): string => textOf(file).replaceAll(/^```[^]*?^```$/gm, '');
