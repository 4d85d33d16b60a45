import { useEffect, useLayoutEffect, useRef } from "react";
import { type OlderPages, olderNotifications } from "../bindings/older-pages.ts";
import { all, inboxSource } from "../bindings/parts.ts";
import type { Inbox, InboxSnapshot, NotificationEvent } from "../index.ts";
import { useClient } from "./edge-rooms.ts";
import { useSource } from "./use-source.ts";

export interface NotificationsOptions {
  /** Called for each notification that is new, while this component is mounted. The latest one is called. */
  readonly onNew?: (notification: NotificationEvent) => void;
}

export interface NotificationsPart extends InboxSnapshot, OlderPages, Pick<Inbox, "mark"> {
  /** Adds an older page: see `inbox.loadOlder`. Never rejects: see `olderError`. */
  readonly loadOlder: (limit?: number) => Promise<void>;
}

/**
 * The notifications of this user, on all devices, and how many are unread. Opens the inbox. Needs a user.
 *
 * @example
 * const { notifications, unread, mark } = useNotifications({ onNew: ({ title }) => toast(title) });
 * const bell = <button onClick={() => mark({ all: true }, "read")}>{unread}</button>;
 */
export function useNotifications({ onNew }: NotificationsOptions = {}): NotificationsPart {
  const source = inboxSource(useClient());
  const { inbox } = source;
  const pages = olderNotifications(inbox);
  const latest = useRef(onNew);
  useLayoutEffect(() => {
    latest.current = onNew;
  });
  useEffect(() => inbox.on("notification", (notification) => latest.current?.(notification)), [inbox]);
  return {
    ...useSource(source, all),
    ...useSource(pages, all),
    mark: inbox.mark,
    loadOlder: pages.loadOlder,
  };
}
