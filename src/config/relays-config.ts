import type { SettingsReader } from "./settings-reader.ts";

/** An object holds at most 32,768 hibernatable sockets. */
export const MAX_SOCKETS = 32_000;

export interface RelaysConfig {
  /** With so many sockets of its own a room sends further ones to relays; `null`: never. */
  readonly above: number | null;
  /** How many connections a relay takes. */
  readonly each: number;
}

export const readRelays = (read: SettingsReader): RelaysConfig => ({
  above: read.text("RELAY_ABOVE") === "off" ? null : read.integer("RELAY_ABOVE", 5_000, 0, MAX_SOCKETS),
  each: read.integer("RELAY_CONNECTIONS", 5_000, 1, MAX_SOCKETS),
});
