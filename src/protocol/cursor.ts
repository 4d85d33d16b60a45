import { isEpoch } from "./names.ts";

/** A position in a log. `epoch` is the life of the log, `seq` the last event that was handled. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

export const formatCursor = ({ epoch, seq }: Cursor): string => `${epoch}.${seq}`;

export function parseCursor(text: string): Cursor | undefined {
  const dot = text.indexOf(".");
  const epoch = text.slice(0, dot);
  const digits = text.slice(dot + 1);
  if (dot < 0 || !isEpoch(epoch) || !/^\d{1,15}$/.test(digits)) return undefined;
  return { epoch, seq: Number(digits) };
}
