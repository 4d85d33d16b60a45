import type { Dialect, DialectName } from "../dialect.ts";

/** The server on which a measurement is taken. */
export interface Subject {
  readonly dialect: Dialect;
  readonly dialectName: DialectName;
  readonly port: number;
  readonly pid: number;
  /** The built client, if one is measured: a module. */
  readonly client?: string | undefined;
}

/** Figures by name; the name contains the unit. */
export type Figures = Readonly<Record<string, number>>;

export type Params = Readonly<Record<string, number>>;

export type Scenario = (subject: Subject, params: Params) => Promise<Figures>;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let rooms = 0;
export const newRoom = (): string => `bench${process.pid}_${++rooms}`;

export function param(params: Params, name: string): number {
  const value = params[name];
  if (value === undefined) throw new Error(`the scenario needs ${name}`);
  return value;
}
