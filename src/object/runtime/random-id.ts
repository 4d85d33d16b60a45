const random = (): string => crypto.randomUUID().replaceAll("-", "");

/** 20 hexadecimal digits: ids of connections, and of messages that came without one. */
export const randomId = (): string => random().slice(0, 20);

/** 8 hexadecimal digits. Names one life of a log: a cursor of another epoch does not fit. */
export const randomEpoch = (): string => random().slice(0, 8);
