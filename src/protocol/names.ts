// The grammar of names. All are case-sensitive.

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
const EVENT = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
/** What ends a line, what turns its direction, and what shows nothing, as joiners and selectors: two ids could look alike. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const BLANK = /^\p{Zs}+$/u;
const EPOCH = /^[A-Za-z0-9]{1,16}$/;

export const MAX_ID_LENGTH = 64;

/** In UTF-16 units. */
export const MAX_USER_ID_LENGTH = 255;

export const isRoomName = (value: string): boolean => ROOM.test(value);

/** Of events and topics alike. */
export const isEventName = (value: string): boolean => EVENT.test(value);

/** Any printable text that is not blank, but for `.` and `..`, which no URL can carry as a part of its path. */
export const isUserId = (value: string): boolean =>
  value.length >= 1 &&
  value.length <= MAX_USER_ID_LENGTH &&
  value.isWellFormed() &&
  !NOT_PRINTABLE.test(value) &&
  !BLANK.test(value) &&
  value !== "." &&
  value !== "..";

/** A lone surrogate cannot be carried in UTF-8, so two ids could become one on their way. */
export const isCommandId = (value: string): boolean =>
  value.length >= 1 && value.length <= MAX_ID_LENGTH && value.isWellFormed();

export const isEpoch = (value: string): boolean => EPOCH.test(value);
