// The grammar of names. All are case-sensitive.

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
const EVENT = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
/** What nobody can see, or what ends a line: in an id it could only deceive. */
const NOT_PRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const EPOCH = /^[A-Za-z0-9]{1,16}$/;

export const MAX_ID_LENGTH = 64;

/** In UTF-16 units. */
export const MAX_USER_ID_LENGTH = 255;

export const isRoomName = (value: string): boolean => ROOM.test(value);

/** Of events and topics alike. */
export const isEventName = (value: string): boolean => EVENT.test(value);

/** Any printable text but `.` and `..`, which no URL can carry as a part of its path. */
export const isUserId = (value: string): boolean =>
  value.length >= 1 &&
  value.length <= MAX_USER_ID_LENGTH &&
  value.isWellFormed() &&
  !NOT_PRINTABLE.test(value) &&
  value !== "." &&
  value !== "..";

/** A lone surrogate cannot be carried in UTF-8, so two ids could become one on their way. */
export const isCommandId = (value: string): boolean =>
  value.length >= 1 && value.length <= MAX_ID_LENGTH && value.isWellFormed();

export const isEpoch = (value: string): boolean => EPOCH.test(value);
