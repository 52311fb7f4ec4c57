/** Of all that looks like a secret: what it is recognised by, and what is shown of it. */
const secrets: readonly (readonly [pattern: RegExp, shown: string])[] = [
  // Credentials in a header, and in a query.
  [/\b(bearer|basic) [\w.~+/=-]{8,}/gi, '$1 [secret]'],
  [/\b((?:token|password|secret)=)[^&\s"\\]+/gi, '$1[secret]'],
  // The password in a URL. It may hold anything but what ends it.
  [/(\w:\/\/[^:@/\s"]*:)[^@/\s"]+@/g, '$1[secret]@'],
  // In one of PostgreSQL that may not be encoded as it should be: then up to the last @.
  [/(postgres(?:ql)?:\/\/[^:@/\s"]*:)[^\s"]{1,500}@/gi, '$1[secret]@'],
  // The token in a URL of NATS.
  [/((?:nats|tls):\/\/)[^:@/\s"]+@/gi, '$1[secret]@'],
];

/** What a token may be in. All of it is taken at once, so that a stranger's long text costs no more than its length. */
const runs = /[\w.-]+/g;

/** A JSON Web Token: two JSON objects in base64url, and a signature. Something may stand right before it. */
function withoutTokens(run: string): string {
  if (!run.includes('.eyJ')) return run;
  const shown: string[] = [];
  const parts = run.split('.');
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? '';
    const start = part.indexOf('eyJ');
    if (start >= 0 && parts[index + 1]?.startsWith('eyJ') === true && index + 2 < parts.length) {
      shown.push(`${part.slice(0, start)}[token]`);
      index += 2;
    } else {
      shown.push(part);
    }
  }
  return shown.join('.');
}

/**
 * A line of the log without anything in it that looks like a secret. No line should hold any: this is for the line that
 * nobody thought of, as an error of a library that repeats what it was given.
 */
export function withoutSecrets(line: string): string {
  return secrets.reduce((text, [pattern, shown]) => text.replace(pattern, shown), line.replace(runs, withoutTokens));
}
