// The grammar of names. All are case-sensitive.

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
const EVENT = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
const USER_ID = /^[!-~]{1,128}$/;
const NOT_IN_USER_ID = /[/?#%]/;
const EPOCH = /^[A-Za-z0-9]{1,16}$/;

export const MAX_ID_LENGTH = 64;

export const isRoomName = (value: string): boolean => ROOM.test(value);

/** Of events and topics alike. */
export const isEventName = (value: string): boolean => EVENT.test(value);

export const isUserId = (value: string): boolean =>
  USER_ID.test(value) && !NOT_IN_USER_ID.test(value) && value !== "." && value !== "..";

/** A lone surrogate cannot be carried in UTF-8, so two ids could become one on their way. */
export const isCommandId = (value: string): boolean =>
  value.length >= 1 && value.length <= MAX_ID_LENGTH && value.isWellFormed();

export const isEpoch = (value: string): boolean => EPOCH.test(value);
