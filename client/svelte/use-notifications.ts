import { olderNotifications } from "../bindings/older-pages.ts";
import { all, inboxSource } from "../bindings/parts.ts";
import type { Inbox, InboxSnapshot, NotificationEvent } from "../index.ts";
import { type OlderPart, readPages, withGetters } from "./parts.ts";
import { Reader, whileMounted } from "./reader.ts";
import { useClient } from "./rooms-client.ts";

export interface NotificationsOptions {
  /** Called for each notification that is new, while this component is mounted. */
  readonly onNew?: (notification: NotificationEvent) => void;
}

export interface NotificationsPart extends InboxSnapshot, OlderPart, Pick<Inbox, "mark"> {}

/**
 * The notifications of this user, on all devices, and how many are unread. Opens the inbox. Needs a user.
 *
 * @example
 * const inbox = useNotifications({ onNew: ({ title }) => toast(title) }); // in the template: {inbox.unread}
 */
export function useNotifications({ onNew }: NotificationsOptions = {}): NotificationsPart {
  const source = inboxSource(useClient());
  const { inbox } = source;
  const reader = new Reader(() => source, all<InboxSnapshot>);
  if (onNew !== undefined)
    whileMounted(
      () => inbox,
      () => inbox.on("notification", (notification) => onNew(notification)),
    );
  const part = {
    get state() {
      return reader.current.state;
    },
    get notifications() {
      return reader.current.notifications;
    },
    get unread() {
      return reader.current.unread;
    },
    mark: inbox.mark,
  };
  return withGetters(
    part,
    readPages(() => olderNotifications(inbox)),
  );
}
