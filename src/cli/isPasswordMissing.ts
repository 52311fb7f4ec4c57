/** Whether `pg` was asked for a password and had none, which it says in a text that only those understand who know SASL. */
export function isPasswordMissing(error: unknown): boolean {
  return error instanceof Error && saslText.test(error.message);
}

const saslText = /SASL: .*client password must be a string/;

/** The text of an error, with words for that in the place of those of `pg`. */
export function sayingPasswordMissing(text: string): string {
  return text.replace(
    saslText,
    'the server asks for a password, and none was given; in a URL it stands behind the user, as in postgres://user:password@host:5432/name',
  );
}
