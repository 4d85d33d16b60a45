// What the acts of a user cost the deployer, in millionths of a US dollar at list price: `npm run cost -- --attack` adds
// up the same, and a test holds the two together. A row written is 1.

/** A frame or call that reaches an object: a part of a request, and the time that the object works for it. */
export const FRAME = 0.03;
/** A call over HTTP, a connect: a request to an object, and its work. */
export const CALL = 0.2;
/** A row written, and storage for a month of as many bytes. */
export const ROW = 1;
export const BYTES_A_UNIT = 4_096;
/** An edit, a delete, a reaction: the row of the message, and that of the change. */
export const CHANGE = 2;
/** A call of a user's object, the notification there, and perhaps a push. */
export const MENTION = 5;
/** The room works for as long as the grace of a member lasts whose last connection was lost. */
export const LOST = 8;
/** The first opening of a room, which may make it. */
export const OPENING = 25;
/** A position is written at most every 5 s, however often it is reported. */
export const READ = 0.2;
/** What a call changes in the user's own object. */
export const OWN_CHANGE = 2;
/** A room is told of a session that joins: a row now, a row when it leaves, and the calls. */
export const JOIN = 3;
