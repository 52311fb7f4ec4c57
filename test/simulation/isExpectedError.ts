/** Error lines that say what a simulation did to its coordinators, and not that something is wrong with them. */
const expectedErrors = [
  /^coordinator failed \d+ heartbeats and is unhealthy$/,
  /^binding given up$/,
  /^failed to cleanup /,
  /^own peers not marked lost in time/,
  /^node in the database cannot be decoded/,
];

/** Whether a line of this text is no sign of a defect. */
export const isExpectedError = (text: string): boolean => expectedErrors.some((expected) => expected.test(text));
