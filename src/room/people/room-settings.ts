import { clientLimits, type LimitsConfig } from "../../config/limits-config.ts";
import { MAX_SOCKETS } from "../../config/relays-config.ts";
import { firstRow, type Sql } from "../../object/storage/sql.ts";
import type { Limits, OwnSettings, ReconnectLimits } from "../../protocol/index.ts";

/** The deployer's configuration of all rooms. */
export interface RoomDefaults {
  readonly historyLimit: number;
  /** How long a message is kept, in seconds; 0: no limit. */
  readonly historySeconds: number;
  readonly maxConnections: number;
  /** Of one object: the platform's bound. */
  readonly maxSockets: number;
  readonly maxConnectionsPerUser: number;
  /** Of connections without a token. */
  readonly maxConnectionsPerAddress: number;
  /** Topics that only server code sends. */
  readonly serverEvents: readonly string[];
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
  /** Appends of a message go to its readers at least this far apart, in milliseconds. */
  readonly streamEveryMs: number;
  /** An open message ends when its producer is silent for so long, in milliseconds. */
  readonly streamTimeoutMs: number;
  /** 0: no limit. */
  readonly maxAgentTurns: number;
}

export const roomDefaults = (limits: LimitsConfig, serverEvents: readonly string[]): RoomDefaults => ({
  historyLimit: limits.history,
  historySeconds: limits.historySeconds,
  maxConnections: limits.connectionsPerRoom,
  maxSockets: MAX_SOCKETS,
  maxConnectionsPerUser: limits.connectionsPerUser,
  maxConnectionsPerAddress: limits.connectionsPerAddress,
  serverEvents,
  limits: clientLimits(limits),
  reconnect: { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs },
  streamEveryMs: limits.streamEveryMs,
  streamTimeoutMs: limits.streamTimeoutMs,
  maxAgentTurns: limits.maxAgentTurns,
});

/** The settings of a room that has none of its own. */
export const defaultSettings = ({
  limits,
  maxConnections,
  historyLimit,
  historySeconds,
  maxAgentTurns,
}: RoomDefaults): OwnSettings => ({
  slowModeMs: limits.slowModeMs,
  maxConnections,
  historyLimit,
  historySeconds,
  maxAgentTurns,
});

/** A setting that is left out, or `undefined`, stays as it is. */
export type SettingsPatch = { readonly [Setting in keyof OwnSettings]?: OwnSettings[Setting] | undefined };

type Row = {
  slow_mode_ms: number | null;
  max_connections: number | null;
  history_limit: number | null;
  history_seconds: number | null;
  max_agent_turns: number | null;
  relays: string | null;
};

/** The settings of one room: its own if they were set, else those of all rooms. */
export class RoomSettings {
  readonly maxSockets: number;
  readonly maxConnectionsPerUser: number;
  readonly maxConnectionsPerAddress: number;
  readonly serverEvents: readonly string[];
  readonly reconnect: ReconnectLimits;
  readonly streamEveryMs: number;
  readonly streamTimeoutMs: number;
  /** What `RelayStore` has written: a row is read once. */
  readonly relaysAtStart: string | null;
  readonly #sql: Sql;
  readonly #defaults: RoomDefaults;
  #patch: SettingsPatch;
  #limits: Limits;

  constructor(sql: Sql, defaults: RoomDefaults) {
    this.maxSockets = defaults.maxSockets;
    this.maxConnectionsPerUser = defaults.maxConnectionsPerUser;
    this.maxConnectionsPerAddress = defaults.maxConnectionsPerAddress;
    this.serverEvents = defaults.serverEvents;
    this.reconnect = defaults.reconnect;
    this.streamEveryMs = defaults.streamEveryMs;
    this.streamTimeoutMs = defaults.streamTimeoutMs;
    this.#sql = sql;
    this.#defaults = defaults;
    const row = firstRow(
      sql.exec<Row>(
        `SELECT slow_mode_ms, max_connections, history_limit, history_seconds, max_agent_turns, relays
           FROM room`,
      ),
    );
    this.relaysAtStart = row?.relays ?? null;
    this.#patch = {
      slowModeMs: row?.slow_mode_ms ?? undefined,
      maxConnections: row?.max_connections ?? undefined,
      historyLimit: row?.history_limit ?? undefined,
      historySeconds: row?.history_seconds ?? undefined,
      maxAgentTurns: row?.max_agent_turns ?? undefined,
    };
    this.#limits = this.#withSlowMode();
  }

  get own(): OwnSettings {
    const { slowModeMs, maxConnections, historyLimit, historySeconds, maxAgentTurns } = this;
    return { slowModeMs, maxConnections, historyLimit, historySeconds, maxAgentTurns };
  }

  /** The settings that were set for this room. */
  get changed(): SettingsPatch {
    return Object.fromEntries(Object.entries(this.#patch).filter(([, setting]) => setting !== undefined));
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

  /** How long a message is kept, in seconds; 0: no limit. */
  get historySeconds(): number {
    return this.#patch.historySeconds ?? this.#defaults.historySeconds;
  }

  /** So many answers of agents may follow each other; 0: no limit. */
  get maxAgentTurns(): number {
    return this.#patch.maxAgentTurns ?? this.#defaults.maxAgentTurns;
  }

  get limits(): Limits {
    return this.#limits;
  }

  change(wanted: SettingsPatch): void {
    const patch = {
      slowModeMs: wanted.slowModeMs ?? this.#patch.slowModeMs,
      maxConnections: wanted.maxConnections ?? this.#patch.maxConnections,
      historyLimit: wanted.historyLimit ?? this.#patch.historyLimit,
      historySeconds: wanted.historySeconds ?? this.#patch.historySeconds,
      maxAgentTurns: wanted.maxAgentTurns ?? this.#patch.maxAgentTurns,
    };
    this.#sql.exec(
      `UPDATE room SET slow_mode_ms = ?, max_connections = ?, history_limit = ?, history_seconds = ?,
         max_agent_turns = ?`,
      patch.slowModeMs ?? null,
      patch.maxConnections ?? null,
      patch.historyLimit ?? null,
      patch.historySeconds ?? null,
      patch.maxAgentTurns ?? null,
    );
    this.#patch = patch;
    this.#limits = this.#withSlowMode();
  }

  #withSlowMode(): Limits {
    return { ...this.#defaults.limits, slowModeMs: this.slowModeMs };
  }
}
