/** What a scripted coordinator says: `ev` names it, and `t` is when, in milliseconds since the epoch. */
export type ScriptedEvent = Readonly<Record<string, unknown>>;
