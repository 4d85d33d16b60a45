const MAX_SHOWN = 200;

/** What a caller has chosen, for a line of the log: cut, and without what does not print. */
export const printable = (text: string): string => text.slice(0, MAX_SHOWN).replace(/[^ -~]/g, "?");
