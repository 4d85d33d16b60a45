import { clientLimits, type LimitsConfig } from "../../config/limits-config.ts";
import { firstRow, type Sql } from "../../object/storage/sql.ts";
import type { Limits, OwnSettings, ReconnectLimits } from "../../protocol/index.ts";

/** The deployer's configuration of all rooms. */
export interface RoomDefaults {
  readonly historyLimit: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
  /** Of connections without a token. */
  readonly maxConnectionsPerAddress: number;
  /** Topics that only server code sends. */
  readonly serverEvents: readonly string[];
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}

export const roomDefaults = (limits: LimitsConfig, serverEvents: readonly string[]): RoomDefaults => ({
  historyLimit: limits.history,
  maxConnections: limits.connectionsPerRoom,
  maxConnectionsPerUser: limits.connectionsPerUser,
  maxConnectionsPerAddress: limits.connectionsPerAddress,
  serverEvents,
  limits: clientLimits(limits),
  reconnect: { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs },
});

/** The settings of a room that has none of its own. */
export const defaultSettings = ({ limits, maxConnections, historyLimit }: RoomDefaults): OwnSettings => ({
  slowModeMs: limits.slowModeMs,
  maxConnections,
  historyLimit,
});

/** A setting that is left out, or `undefined`, stays as it is. */
export type SettingsPatch = { readonly [Setting in keyof OwnSettings]?: OwnSettings[Setting] | undefined };

type Row = { slow_mode_ms: number | null; max_connections: number | null; history_limit: number | null };

/** The settings of one room: its own if they were set, else those of all rooms. */
export class RoomSettings {
  readonly maxConnectionsPerUser: number;
  readonly maxConnectionsPerAddress: number;
  readonly serverEvents: readonly string[];
  readonly reconnect: ReconnectLimits;
  readonly #sql: Sql;
  readonly #defaults: RoomDefaults;
  #patch: SettingsPatch;
  #limits: Limits;

  constructor(sql: Sql, defaults: RoomDefaults) {
    this.maxConnectionsPerUser = defaults.maxConnectionsPerUser;
    this.maxConnectionsPerAddress = defaults.maxConnectionsPerAddress;
    this.serverEvents = defaults.serverEvents;
    this.reconnect = defaults.reconnect;
    this.#sql = sql;
    this.#defaults = defaults;
    const row = firstRow(sql.exec<Row>("SELECT slow_mode_ms, max_connections, history_limit FROM room"));
    this.#patch = {
      slowModeMs: row?.slow_mode_ms ?? undefined,
      maxConnections: row?.max_connections ?? undefined,
      historyLimit: row?.history_limit ?? undefined,
    };
    this.#limits = this.#withSlowMode();
  }

  get own(): OwnSettings {
    const { slowModeMs, maxConnections, historyLimit } = this;
    return { slowModeMs, maxConnections, historyLimit };
  }

  /** Whether any setting was ever set for this room. */
  get areOwn(): boolean {
    return Object.values(this.#patch).some((setting) => setting !== undefined);
  }

  get slowModeMs(): number {
    return this.#patch.slowModeMs ?? this.#defaults.limits.slowModeMs;
  }

  /** The deployer's limit holds even if it was lowered later. */
  get maxConnections(): number {
    return Math.min(
      this.#patch.maxConnections ?? this.#defaults.maxConnections,
      this.#defaults.maxConnections,
    );
  }

  get maxConnectionsOfAnyRoom(): number {
    return this.#defaults.maxConnections;
  }

  get historyLimit(): number {
    return this.#patch.historyLimit ?? this.#defaults.historyLimit;
  }

  get limits(): Limits {
    return this.#limits;
  }

  change({ slowModeMs, maxConnections, historyLimit }: SettingsPatch): void {
    const { slowModeMs: slow, maxConnections: connections, historyLimit: history } = this.#patch;
    const patch = {
      slowModeMs: slowModeMs ?? slow,
      maxConnections: maxConnections ?? connections,
      historyLimit: historyLimit ?? history,
    };
    this.#sql.exec(
      "UPDATE room SET slow_mode_ms = ?, max_connections = ?, history_limit = ?",
      patch.slowModeMs ?? null,
      patch.maxConnections ?? null,
      patch.historyLimit ?? null,
    );
    this.#patch = patch;
    this.#limits = this.#withSlowMode();
  }

  #withSlowMode(): Limits {
    return { ...this.#defaults.limits, slowModeMs: this.slowModeMs };
  }
}
