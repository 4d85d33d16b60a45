// Which notifications a user wants, and how. Muting takes effect for notifications from then on.

import type { Sql } from "../../object/storage/sql.ts";
import { matchesTopics, type Preferences } from "../../protocol/index.ts";
import { readUserState } from "./user-state.ts";

/** Fields that are left out stay as they are. */
export type PreferencesPatch = Partial<Preferences>;

export const DEFAULT_PREFERENCES: Preferences = {
  mutedTopics: [],
  mutedRooms: [],
  quietHours: null,
  push: true,
};

export interface Muteable {
  readonly topic?: string | undefined;
  readonly room?: string | undefined;
}

export class PreferenceStore {
  readonly #sql: Sql;
  #current: Preferences;

  constructor(sql: Sql, state = readUserState(sql)) {
    this.#sql = sql;
    const patch: PreferencesPatch = JSON.parse(state?.preferences ?? "{}");
    this.#current = { ...DEFAULT_PREFERENCES, ...patch };
  }

  get current(): Preferences {
    return this.#current;
  }

  change(patch: PreferencesPatch): Preferences {
    const changed = { ...this.#current, ...patch };
    const json = JSON.stringify(changed);
    if (json !== JSON.stringify(this.#current))
      this.#sql.exec("UPDATE inbox_state SET preferences = ?", json);
    this.#current = changed;
    return changed;
  }

  mutes({ topic, room }: Muteable): boolean {
    const { mutedTopics, mutedRooms } = this.#current;
    return (
      (topic !== undefined && matchesTopics(mutedTopics, topic)) ||
      (room !== undefined && mutedRooms.includes(room))
    );
  }
}
