// The commands of rooms and sessions: each as the contract has it, and what holds between its fields.

import * as v from "valibot";
import {
  MARK_BODY,
  MARK_COMMAND,
  MAX_EVENTS_PAGE,
  MAX_HISTORY,
  ROOM_COMMANDS,
  SESSION_COMMANDS,
} from "../protocol/index.ts";
import { validator, validators } from "./validator.ts";

const oneTarget = <M extends { ids?: unknown; upTo?: unknown; all?: unknown }>() =>
  v.check<M, string>(
    (mark) => [mark.ids, mark.upTo, mark.all].filter((target) => target !== undefined).length === 1,
    "takes exactly one of ids, upTo and all",
  );

type Page = { before?: number; after?: number; limit?: number };

const eitherWay = <P extends Page>() =>
  v.check<P, string>(
    (page) => page.before === undefined || page.after === undefined,
    "takes before or after",
  );

const limitFits = <P extends Page>() =>
  v.check<P, string>(
    (page) => page.after !== undefined || (page.limit ?? 1) <= MAX_HISTORY,
    `is at most ${MAX_HISTORY}, with after ${MAX_EVENTS_PAGE}`,
  );

const history = v.pipe(validator(ROOM_COMMANDS.history), eitherWay(), v.forward(limitFits(), ["limit"]));

/** By `type`, so that a refusal tells an unknown type from a malformed command. */
export const ROOM_VALIDATORS = { ...validators(ROOM_COMMANDS), history };

export const SESSION_VALIDATORS = {
  ...validators(SESSION_COMMANDS),
  history,
  mark: v.pipe(validator(MARK_COMMAND), oneTarget()),
};

export const markBody = v.pipe(validator(MARK_BODY), oneTarget());

/** What a mark is for. The validator has checked that exactly one of the three is there. */
export function targetOf({ ids, upTo }: { readonly ids?: readonly string[]; readonly upTo?: number }) {
  if (ids !== undefined) return { ids };
  return upTo !== undefined ? { upTo } : ({ all: true } as const);
}
