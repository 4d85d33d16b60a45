const random = (): string => crypto.randomUUID().replaceAll("-", "");

/** For connections, and for messages that came without an id. */
export const randomId = (): string => random().slice(0, 20);

/** The life of one log: letters and digits, at most 16. */
export const randomEpoch = (): string => random().slice(0, 8);
