/** Of all that looks like a secret: what it is recognised by, and what is shown of it. */
const secrets: readonly (readonly [pattern: RegExp, shown: string])[] = [
  // A JSON Web Token: two JSON objects in base64url, and a signature.
  [/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, '[token]'],
  // Credentials in a header, and in a query.
  [/\b(bearer|basic) [\w.~+/=-]{8,}/gi, '$1 [secret]'],
  [/\b((?:token|password|secret)=)[^&\s"\\]+/gi, '$1[secret]'],
  // The password in a URL. It may hold anything but what ends it.
  [/(\w:\/\/[^:@/\s"]*:)[^@/\s"]+@/g, '$1[secret]@'],
];

/**
 * A line of the log without anything in it that looks like a secret. No line should hold any: this is for the line that
 * nobody thought of, as an error of a library that repeats what it was given.
 */
export function withoutSecrets(line: string): string {
  return secrets.reduce((text, [pattern, shown]) => text.replace(pattern, shown), line);
}
