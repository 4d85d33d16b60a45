// The one row of a user's state, which every start reads once for all who need a part of it.

import { firstRow, type Sql } from "../../object/storage/sql.ts";

export interface UserState {
  readonly epoch: string;
  readonly ring: number;
  readonly floor: number;
  /** What is left to be done of an erasure. */
  readonly erasing: string | null;
  readonly preferences: string | null;
  readonly voidUpTo: number;
  readonly voidUndatedUpTo: number;
  readonly lastUndated: number;
  readonly budgetDay: number;
  readonly budgetSpent: number;
}

/** `undefined`: the user is new. */
export const readUserState = (sql: Sql): UserState | undefined =>
  firstRow(
    sql.exec<{ [Column in keyof UserState]: UserState[Column] }>(
      `SELECT epoch, ring, floor, erasing, preferences, void_up_to AS voidUpTo, void_undated_up_to AS voidUndatedUpTo,
         last_undated AS lastUndated, budget_day AS budgetDay, budget_spent AS budgetSpent FROM inbox_state`,
    ),
  );

/** As a user begins. */
export const newUserState = (epoch: string, ring: number): UserState => ({
  epoch,
  ring,
  floor: 0,
  erasing: null,
  preferences: null,
  voidUpTo: 0,
  voidUndatedUpTo: 0,
  lastUndated: 0,
  budgetDay: 0,
  budgetSpent: 0,
});
