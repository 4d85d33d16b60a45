import { callSafely } from "./listeners.ts";

export type LogLevel = "error" | "warn" | "debug";

/** Called for each line of the log, of every level. A line never contains a token. */
export type LogFunction = (level: LogLevel, message: string, details?: unknown) => void;

/**
 * What the client logs: nothing, the lines of a level and of the levels before it (`error`, `warn`, `debug`) to the
 * console, or every line to a function.
 *
 * @example
 * createClient({ url: "", log: (level, message, details) => console.info(level, message, details) });
 */
export type LogOption = "off" | LogLevel | LogFunction;

const LEVELS: readonly LogLevel[] = ["error", "warn", "debug"];

/** A text that begins as JSON does in base64url. An error of the app may quote its token. */
const JWT = /\be[wy][\w-]{9,}\.[\w.-]+/g;

export function createLog(option: LogOption): LogFunction {
  const write = typeof option === "function" ? option : writer(option);
  return (level, message, ...details) =>
    callSafely(() => write(level, message.replace(JWT, "…"), ...details));
}

function writer(option: "off" | LogLevel): LogFunction {
  const shown = option === "off" ? [] : LEVELS.slice(0, LEVELS.indexOf(option) + 1);
  return (level, message, ...details) => {
    if (shown.includes(level)) console[level](`edge-rooms: ${message}`, ...details);
  };
}
