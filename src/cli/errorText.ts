import { sayingPasswordMissing } from './isPasswordMissing.js';

/** What an error says; the text of a failed connection to a host with several addresses lies within. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('; ');
  return error instanceof Error ? sayingPasswordMissing(error.message) : String(error);
}
