import { runTool, type Tool } from './runTool.js';

interface Answer<Request> {
  readonly code: number;
  /** What the tool would have done; undefined if it refused or helped. */
  readonly request: Request | undefined;
  /** The first line on stderr. */
  readonly complaint: string;
  /** All of stdout, and of stderr behind its first line. */
  readonly rest: string;
}

/** What a tool makes of the words of a line, without doing it. A word with spaces goes in quotes. */
export const ask = async <Request>(tool: Tool<Request>, line: string): Promise<Answer<Request>> => {
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
  let [out, error] = ['', ''];
  let request: Request | undefined;
  const code = await runTool(
    tool,
    words,
    (asked) => {
      request = asked;
      return 0;
    },
    { out: (text) => (out += text), error: (text) => (error += text) },
  );
  const [complaint = '', ...lines] = error.split('\n');
  return { code, request, complaint, rest: out + lines.join('\n') };
};
