import { CommandError } from '../commandError.js';

/** Why the embedded PostgreSQL cannot be had; the message is for the person who started the command. */
export class EmbeddedPostgresError extends CommandError {}
